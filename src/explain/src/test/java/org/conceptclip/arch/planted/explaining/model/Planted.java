package org.conceptclip.arch.planted.explaining.model;

/** Stands for a package of core. */
public interface Planted {}
