/**
 * Requests of many callers to full batches for few devices: admission, fairness, priorities, deadlines, dispatch, and the pipeline
 * around them.
 */
package org.conceptclip.batch;
