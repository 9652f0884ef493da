/** Files and pages of an evaluation: scores as they come, scores for anyone who recomputes, figures for programs and for people. */
package org.conceptclip.results;
