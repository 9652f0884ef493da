/** What people ask the model for: zero-shot classification. */
package org.conceptclip.task;
