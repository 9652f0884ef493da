/** How good scores are: metrics with intervals, by subgroup, and their reports. Knows no model. */
package org.conceptclip.evaluate;
