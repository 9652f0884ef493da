package org.conceptclip.cli;

import java.util.Optional;
import org.conceptclip.backend.Precision;

/**
 * What was asked for.
 *
 * @param name {@code auto} or a backend's name
 * @param precision what to compute in; empty for the backend's own default, which gives the same results on every machine
 * @param threads worker threads, 0 for one a core
 */
public record BackendRequest(String name, Optional<Precision> precision, int threads) {}
