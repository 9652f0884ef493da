/** Pages of HTML with pictures drawn as SVG: nothing from a network. */
package org.conceptclip.report;
