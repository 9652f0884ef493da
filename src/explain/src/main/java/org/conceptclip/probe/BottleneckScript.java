package org.conceptclip.probe;

import com.google.gson.Gson;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.conceptclip.util.ArgMax;

/**
 * The intervention of the explanation page: sliders for the concepts of an image, and what the classes' probabilities become.
 *
 * <p>The arithmetic is that of {@link BottleneckLayer#probabilitiesOfStandardised}, over the concepts that have a weight: {@code z_j =
 * (similarity_j - mean_j) / deviation_j}, {@code score_k = bias_k + sum_j weight_kj z_j}, {@code probability = softmax(score)}. A slider
 * replaces one {@code z_j}. Numbers are embedded with all their digits, so the page and the library differ by the rounding of float64 sums.
 */
final class BottleneckScript {
  /** The element that holds the numbers. */
  static final String DATA = "bottleneck";

  /** Sliders that are shown at once; the others wait in a closed part of the page. */
  static final int FIRST = 6;

  // Without < and &, which would end well-formed XML. Texts of users are put into the page as text only, never as markup.
  static final String CODE = """

      (() => {
        "use strict";
        const data = JSON.parse(document.getElementById("bottleneck").textContent);
        const probabilities = z => {
          const scores = data.bias.map((bias, k) => data.weights[k].reduce((sum, weight, j) => sum + weight * z[j], bias));
          const top = Math.max(...scores);
          const powers = scores.map(score => Math.exp(score - top));
          const all = powers.reduce((sum, power) => sum + power, 0);
          return powers.map(power => power / all);
        };
        const make = (parent, name, text, attributes) => {
          const element = document.createElement(name);
          if (text) { element.textContent = text; }
          Object.entries(attributes || {}).forEach(([key, value]) => element.setAttribute(key, value));
          parent.appendChild(element);
          return element;
        };
        const percent = share => (100 * share).toFixed(1) + " %";
        const signed = value => (value >= 0 ? "+" : "") + value.toFixed(2);
        make(make(document.body, "datalist", "", {id: "usual"}), "option", "", {value: 0});
        document.querySelectorAll("section[data-image]").forEach(section => {
          const index = Number(section.dataset.image);
          const own = data.images[index].map((similarity, j) => (similarity - data.means[j]) / data.deviations[j]);
          const z = own.slice();
          const rows = Array.from(section.querySelectorAll("[data-class]"));
          const before = probabilities(own);
          const panel = section.querySelector(".intervention");
          const sliders = [];
          const spoken = make(panel, "p", "", {role: "status", class: "notice"});
          const update = () => {
            const now = probabilities(z);
            const best = now.indexOf(Math.max(...now));
            rows.forEach(row => {
              const k = Number(row.dataset.class);
              row.querySelector(".fill").style.width = (100 * now[k]).toFixed(2) + "%";
              row.querySelector(".share").textContent = percent(now[k]);
              row.classList.toggle("best", k === best);
            });
            const same = z.every((value, j) => value === own[j]);
            section.classList.toggle("changed", !same);
            spoken.textContent = same ? "As the model sees it." : "With your values: " + data.classes[best] + ", " + percent(now[best])
              + " (as the model sees it: " + percent(before[best]) + ").";
            sliders.forEach(slider => slider.show());
          };
          const add = (parent, j) => {
            const id = "slider-" + index + "-" + j;
            const line = make(parent, "div", "", {class: "slider"});
            make(line, "label", data.concepts[j], {for: id});
            const reach = Math.max(4, Math.ceil(Math.abs(own[j])));
            const input = make(line, "input", "", {type: "range", id: id, min: -reach, max: reach, step: 0.1,
              list: "usual"});
            const output = make(line, "output", "", {for: id});
            input.value = own[j];
            input.addEventListener("input", () => { z[j] = Number(input.value); update(); });
            sliders.push({
              reset: () => { z[j] = own[j]; input.value = own[j]; },
              show: () => {
                const similarity = data.means[j] + z[j] * data.deviations[j];
                output.textContent = signed(z[j]) + (z[j] === own[j] ? "" : " (was " + signed(own[j]) + ")");
                input.setAttribute("aria-valuetext", signed(z[j]) + " standard deviations, similarity " + similarity.toFixed(3));
              }});
          };
          const order = data.orders[index];
          order.slice(0, data.first).forEach(j => add(panel, j));
          if (order.length > data.first) {
            const more = make(panel, "details", "", {});
            make(more, "summary", (order.length - data.first) + " more concepts", {});
            order.slice(data.first).forEach(j => add(more, j));
          }
          const reset = make(panel, "button", "Reset", {type: "button"});
          reset.addEventListener("click", () => { sliders.forEach(slider => slider.reset()); update(); });
          panel.hidden = false;
          update();
        });
      })();
      """;

  private BottleneckScript() {}

  /**
   * What the script computes with, as JSON.
   *
   * @param similarities of the images that are shown [images][M]
   */
  static String data(BottleneckLayer layer, List<double[]> similarities) {
    int[] used = layer.used();
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("classes", layer.classes().stream().map(BottleneckTables::shown).toList());
    data.put("concepts", Arrays.stream(used).mapToObj(j -> BottleneckTables.shown(layer.concepts().get(j))).toList());
    data.put("bias", layer.bias());
    data.put("weights", Arrays.stream(layer.weights()).map(row -> kept(row, used)).toList());
    data.put("means", kept(layer.means(), used));
    data.put("deviations", kept(layer.deviations(), used));
    data.put("images", similarities.stream().map(row -> kept(row, used)).toList());
    data.put("orders", similarities.stream().map(row -> order(layer, row, used)).toList());
    data.put("first", FIRST);
    // Gson escapes < > & = ' in texts, which is what makes it safe inside a page.
    return new Gson().toJson(data);
  }

  private static double[] kept(double[] row, int[] used) {
    return Arrays.stream(used).mapToDouble(j -> row[j]).toArray();
  }

  /**
   * Positions in {@code used}: first the concepts that lead for the most probable class, then the others by the largest contribution that
   * they make to any class.
   */
  private static int[] order(BottleneckLayer layer, double[] similarities, int[] used) {
    double[] z = layer.standardised(similarities);
    int best = ArgMax.of(layer.probabilities(similarities));
    Comparator<Integer> byOwn = Comparator.comparingDouble(j -> -Math.abs(layer.weights()[best][used[j]] * z[used[j]]));
    Comparator<Integer> byAny = Comparator.comparingDouble(j -> -largest(layer, used[j], z[used[j]]));
    return IntStream.range(0, used.length).boxed().sorted(byOwn.thenComparing(byAny)).mapToInt(Integer::intValue).toArray();
  }

  private static double largest(BottleneckLayer layer, int concept, double z) {
    return Arrays.stream(layer.weights()).mapToDouble(row -> Math.abs(row[concept] * z)).max().orElse(0);
  }
}
