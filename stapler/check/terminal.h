/* Standard output, as a terminal or not. */
#ifndef OCSP_LAB_CHECK_TERMINAL_H
#define OCSP_LAB_CHECK_TERMINAL_H

enum shade { PLAIN, GREEN, RED, YELLOW, DIM, BOLD };

/* Prints text in that colour: on a terminal that is not dumb, and without
 * NO_COLOR (no-color.org); elsewhere just the text. */
void terminal_shaded(enum shade shade, const char *text);

/*
 * Prints text where `column` columns are filled already, broken between words
 * at the terminal's width, each line beginning at that column; without a
 * terminal in one line, which programs like better.  Returns the column behind
 * the last character.
 */
int terminal_wrapped(enum shade shade, const char *text, int column);

/* Prints text in one piece, after a gap of two in column `at`, or else on the
 * next line at `column`. */
void terminal_piece(enum shade shade, const char *text, int at, int column);

#endif
