/** The model's configuration and both towers, written once over the op contract; knows no backend. */
package org.conceptclip.model;
