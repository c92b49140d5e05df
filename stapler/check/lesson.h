/* For --explain: what each step is part of, and why a careful client takes
 * it. */
#ifndef OCSP_LAB_CHECK_LESSON_H
#define OCSP_LAB_CHECK_LESSON_H

/* The question that a step helps to answer, as a heading; steps of one question
 * follow each other.  Static; never NULL. */
const char *lesson_question(const char *id);

/* What could happen to who leaves the step out, in a sentence or two; NULL
 * where the step itself says all. */
const char *lesson_of(const char *id);

#endif
