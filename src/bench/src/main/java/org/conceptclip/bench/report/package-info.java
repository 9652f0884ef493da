/** Rows of results as one page of HTML with pictures drawn as SVG: no script, nothing from a network. */
package org.conceptclip.bench.report;
