/**
 * The batching engine: collects the requests of many callers into full batches for few devices. Admission, fairness, priorities,
 * deadlines, dispatch, and the pipeline of decoding, computing and completing around them.
 */
package org.conceptclip.batch;
