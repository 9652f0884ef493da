/** Linear models on frozen features: probes and concept bottlenecks. */
package org.conceptclip.probe;
