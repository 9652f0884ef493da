/** Zero-shot classification: prompts, class vectors and scoring. */
package org.conceptclip.task;
