#include "stapler/check/terminal.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Narrower, words stand one below the other; wider, nobody finds the next
 * line. */
enum { WIDTH_MIN = 60, WIDTH_MAX = 100 };

static bool is_terminal(void)
{
        return isatty(STDOUT_FILENO) == 1;
}

static bool in_colour(void)
{
        const char *no = getenv("NO_COLOR");
        const char *term = getenv("TERM");

        return is_terminal() && (no == NULL || *no == '\0') &&
               (term == NULL || strcmp(term, "dumb") != 0);
}

/* 0: without end. */
static int width(void)
{
        struct winsize size;

        if (!is_terminal())
                return 0;
        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
                return 80;
        if (size.ws_col < WIDTH_MIN)
                return WIDTH_MIN;
        return size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
}

static void print(enum shade shade, const char *text, int len)
{
        static const char *const codes[] = {
            [GREEN] = "32",
            [RED] = "1;31",
            [YELLOW] = "33",
            [DIM] = "2",
            [BOLD] = "1",
        };

        if (shade != PLAIN && in_colour())
                printf("\033[%sm%.*s\033[0m", codes[shade], len, text);
        else
                printf("%.*s", len, text);
}

void terminal_shaded(enum shade shade, const char *text)
{
        print(shade, text, (int)strlen(text));
}

/* A word, after a gap unless it is the first of its line, or on the next. */
static int place(
    enum shade shade, const char *word, int len, int gap, int at, int column)
{
        int most = width();

        if (at > column && most > 0 && at + gap + len > most) {
                printf("\n%*s", column, "");
                at = column;
        } else if (at > column) {
                printf("%*s", gap, "");
                at += gap;
        }
        print(shade, word, len);
        return at + len;
}

int terminal_wrapped(enum shade shade, const char *text, int column)
{
        int at = column;
        int len;

        for (; *text != '\0'; text += len) {
                text += strspn(text, " ");
                len = (int)strcspn(text, " ");
                at = place(shade, text, len, 1, at, column);
        }
        return at;
}

void terminal_piece(enum shade shade, const char *text, int at, int column)
{
        place(shade, text, (int)strlen(text), 2, at, column);
}
