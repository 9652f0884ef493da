package org.conceptclip.cli;

import org.conceptclip.backend.Precision;

/**
 * What was asked for.
 *
 * @param name {@code auto} or a backend's name
 * @param precision what to compute in
 * @param threads worker threads, 0 for one a core
 */
public record BackendRequest(String name, Precision precision, int threads) {}
