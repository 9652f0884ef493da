package org.conceptclip.task;

/**
 * A filled template.
 *
 * @param text the sentence
 * @param labelStart index of the class name's first char
 * @param labelEnd index after its last char
 */
public record Prompt(String text, int labelStart, int labelEnd) {}
