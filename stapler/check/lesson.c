#include "stapler/check/lesson.h"

#include <stddef.h>
#include <string.h>

static const char trust[] = "May the certificate be believed?";
static const char fetched[] = "Is there an answer?";
static const char form[] = "Is it an OCSP answer?";
static const char about[] = "Is it about this certificate?";
static const char signer[] = "Who signed it, and may he?";
static const char times[] = "Is it of now?";
static const char content[] = "What does it say?";
static const char above[] = "And the CAs above it?";
static const char end[] = "What became of the handshake?";

static const struct lesson {
        const char *id;
        const char *question;
        const char *text;
} lessons[] = {
    {"handshake", trust, NULL},
    {"certificate", trust, NULL},
    {"chain", trust,
        "Whoever made up the certificate can make up the answer, too. Without "
        "a chain to an anchor that you chose, nothing they say counts, and "
        "nothing is asked."},
    {"host-name", trust,
        "A good answer about another host's certificate says nothing about "
        "the host that you wanted."},
    {"must-staple", fetched,
        "The CA wrote the demand into the certificate, so that nobody can "
        "hide a revocation by leaving the staple out."},
    {"staple", fetched,
        "Without one the client knows nothing: the certificate may be good, "
        "or revoked an hour ago. What to do then is its policy."},
    {"http", fetched,
        "An answer that did not come says neither good nor revoked. Whoever "
        "holds a stolen key will see to it that it does not come."},
    {"encoding", form,
        "Bytes that can be read in two ways are read by somebody in the wrong "
        "one: an answer is DER from the first byte to the last."},
    {"response-status", form,
        "Errors are not signed: anybody between here and the responder could "
        "have sent this one."},
    {"response-type", form, NULL},
    {"certid", about,
        "A good answer about another certificate is easy to get. Clients that "
        "did not compare, or looked at the first record only, took it "
        "(CVE-2020-8286, CVE-2026-3832)."},
    {"responder-id", signer,
        "The answer names the one who signed it, and a certificate of his is "
        "not at hand: the signature cannot be checked."},
    {"signer", signer,
        "Only the issuer may speak, or whom it certified itself, for just "
        "this. Otherwise any certificate of the CA, this one included, could "
        "vouch for itself."},
    {"signer-key-usage", signer,
        "The CA has not let this key sign such things, and OpenSSL does not "
        "look: it takes the answer."},
    {"signer-validity", signer,
        "After its end nobody watches over a key, and nobody would hear of "
        "its theft."},
    {"signer-nocheck", signer,
        "A responder's key can be stolen as well. Its thief says good about "
        "whatever he likes."},
    {"signature-algorithm", signer,
        "What a broken digest or a short key has signed, others can sign."},
    {"signature", signer,
        "These are not the bytes that were signed, or somebody else signed "
        "them. So whatever follows could be anyone's words."},
    {"produced-at", times, NULL},
    {"this-update", times,
        "One of the two clocks is wrong, or the answer is not meant for "
        "today."},
    {"next-update", times,
        "An old good answer is just what an attacker keeps, to show it after "
        "the revocation."},
    {"nonce", times,
        "The answer was made for another question: somebody plays back what "
        "he has recorded."},
    {"critical-extensions", content,
        "Critical means: who does not understand this must not rely on the "
        "rest."},
    {"revocation-time", content, NULL},
    {"cert-status", content,
        "Only good is good. Revoked is the CA's own word that its certificate "
        "must not be used; unknown, that it has never heard of it."},
    {"issuer-status", above,
        "A revoked CA may have issued anything, this certificate and its "
        "responder among it."},
    {"alert", end, NULL},
};

static const struct lesson *find(const char *id)
{
        size_t i;

        for (i = 0; i < sizeof(lessons) / sizeof(lessons[0]); i++) {
                if (strcmp(lessons[i].id, id) == 0)
                        return &lessons[i];
        }
        return NULL;
}

const char *lesson_question(const char *id)
{
        const struct lesson *l = find(id);

        return l != NULL ? l->question : content;
}

const char *lesson_of(const char *id)
{
        const struct lesson *l = find(id);

        return l != NULL ? l->text : NULL;
}
