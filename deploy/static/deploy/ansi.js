// What a terminal makes of a program's output: lines of styled runs. Pure, no DOM.
//
//   var screen = new Ansi.Screen();
//   screen.feed("\x1b[1mhello\r\n", stamp);
//   screen.take()  ->  {lines: [{runs: [{text, style}], stamp, cut}], current: line or null}
//
// Understood: SGR colours and attributes (16, 256, true colour), \n \r \b, erase in line (CSI K).
// Every other escape sequence and control character is dropped. A sequence may be cut anywhere.
(function (root) {
  "use strict";

  // A line longer than this is shown in parts: one text node of megabytes would freeze the page.
  var LONGEST = 16384;
  // No sequence that means something is longer; what is, was none.
  var LONGEST_ESCAPE = 1024;
  var PLAIN = Object.freeze({});

  function Screen() {
    this.style = PLAIN;
    this.rest = "";
    this.lines = [];
    this.line = newLine(null);
  }

  function newLine(stamp) {
    return { runs: [], length: 0, column: 0, stamp: stamp, cut: false };
  }

  Screen.prototype.feed = function (text, stamp) {
    text = this.rest + text;
    this.rest = "";
    // Text up to the next control character; then that character.
    var special = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;
    var at = 0;
    while (at < text.length) {
      special.lastIndex = at;
      var found = special.exec(text);
      var end = found ? found.index : text.length;
      if (end > at) {
        this.write(text.slice(at, end), stamp);
      }
      if (!found) {
        return;
      }
      at = end + 1;
      switch (found[0]) {
        case "\n":
          this.newline(stamp);
          break;
        case "\r":
          this.line.column = 0;
          break;
        case "\b":
          this.line.column = Math.max(0, this.line.column - 1);
          break;
        case "\x1b":
          var length = this.escape(text, end);
          if (length === 0) {
            this.rest = text.slice(end);
            return;
          }
          at = end + length;
          break;
      }
    }
  };

  // The lines that are finished since the last call, and the one that is being written.
  Screen.prototype.take = function () {
    var lines = this.lines;
    this.lines = [];
    return { lines: lines, current: this.line.length ? this.line : null };
  };

  Screen.prototype.newline = function (stamp) {
    if (this.line.stamp === null) {
      this.line.stamp = stamp === undefined ? null : stamp;
    }
    this.lines.push(this.line);
    this.line = newLine(null);
  };

  Screen.prototype.write = function (text, stamp) {
    var line = this.line;
    if (line.stamp === null && stamp !== undefined) {
      line.stamp = stamp;
    }
    while (line.column + text.length > LONGEST) {
      var room = LONGEST - line.column;
      // Not between the halves of a character outside the basic plane.
      if (room > 1 && /[\ud800-\udbff]/.test(text.charAt(room - 1))) {
        room -= 1;
      }
      this.put(text.slice(0, room));
      text = text.slice(room);
      line.cut = true;
      this.lines.push(line);
      line = this.line = newLine(line.stamp);
    }
    if (text) {
      this.put(text);
    }
  };

  Screen.prototype.put = function (text) {
    var line = this.line;
    var style = this.style;
    if (line.column === line.length) {
      append(line.runs, text, style);
    } else {
      var runs = slice(line.runs, 0, line.column);
      append(runs, text, style);
      slice(line.runs, line.column + text.length, line.length).forEach(function (run) {
        append(runs, run.text, run.style);
      });
      line.runs = runs;
    }
    line.column += text.length;
    line.length = Math.max(line.length, line.column);
  };

  // Adjacent runs of one style are one run. Runs are replaced, not changed: take() handed them out.
  function append(runs, text, style) {
    var last = runs[runs.length - 1];
    if (last && last.style === style) {
      runs[runs.length - 1] = { text: last.text + text, style: style };
    } else if (text) {
      runs.push({ text: text, style: style });
    }
  }

  function slice(runs, from, to) {
    var found = [];
    var at = 0;
    runs.forEach(function (run) {
      var start = Math.max(from - at, 0);
      var end = Math.min(to - at, run.text.length);
      if (start < end) {
        found.push({ text: run.text.slice(start, end), style: run.style });
      }
      at += run.text.length;
    });
    return found;
  }

  Screen.prototype.eraseInLine = function (mode) {
    var line = this.line;
    if (mode === 0) {
      line.runs = slice(line.runs, 0, line.column);
      line.length = line.column;
    } else if (mode === 1 || mode === 2) {
      var runs = [];
      var blank = mode === 2 ? line.column : Math.min(line.column, line.length);
      append(runs, new Array(blank + 1).join(" "), PLAIN);
      if (mode === 1) {
        slice(line.runs, blank, line.length).forEach(function (run) {
          append(runs, run.text, run.style);
        });
      } else {
        line.length = blank;
      }
      line.runs = runs;
    }
  };

  var CSI = /\x1b\[([0-?]*)([ -\/]*)([@-~])/y;
  var CSI_START = /\x1b(?:\[[0-?]*[ -\/]*)?$/;
  var STRING = /\x1b[P\]X^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)/y;
  var STRING_START = /\x1b[P\]X^_][^\x07\x1b\x9c\n]*\x1b?$/;
  var SHORT = /\x1b[ -\/]*[0-~]/y;
  var SHORT_START = /\x1b[ -\/]*$/;

  // Handles the sequence at `at`; its length, or 0 when its end has not come yet.
  Screen.prototype.escape = function (text, at) {
    CSI.lastIndex = STRING.lastIndex = SHORT.lastIndex = at;
    var match = CSI.exec(text);
    if (match) {
      if (!match[2] && match[3] === "m") {
        this.select(match[1]);
      } else if (!match[2] && match[3] === "K" && /^[0-2]?$/.test(match[1])) {
        this.eraseInLine(Number(match[1] || 0));
      }
      return match[0].length;
    }
    match = STRING.exec(text);
    if (match) {
      return match[0].length;
    }
    var left = text.length - at;
    if (left <= LONGEST_ESCAPE) {
      var tail = text.slice(at);
      if (CSI_START.test(tail) || STRING_START.test(tail) || SHORT_START.test(tail)) {
        return 0;
      }
    }
    match = SHORT.exec(text);
    return match && !/[\[\]PX^_]/.test(match[0]) ? match[0].length : 2;
  };

  // SGR: the style for what follows.
  Screen.prototype.select = function (text) {
    if (!/^[0-9;:]*$/.test(text)) {
      return; // private sequences that merely end in m
    }
    var style = Object.assign({}, this.style);
    var parts = text.split(";");
    for (var i = 0; i < parts.length; i++) {
      var sub = parts[i].split(":");
      var code = Number(sub[0] || 0);
      if (code === 38 || code === 48) {
        var key = code === 38 ? "color" : "background";
        var colour;
        if (sub.length > 1) {
          // 38:5:n, 38:2:r:g:b or, with a colour space, 38:2:x:r:g:b
          colour = extended(sub[1], sub[1] === "2" ? sub.slice(-3) : sub.slice(2));
        } else {
          colour = extended(parts[i + 1], parts.slice(i + 2, i + 5));
          i += parts[i + 1] === "2" ? 4 : 2;
        }
        if (colour !== null) {
          style[key] = colour;
        }
      } else {
        style = apply(style, code, sub);
      }
    }
    this.style = intern(style);
  };

  function extended(kind, values) {
    var numbers = values.map(Number);
    var count = kind === "5" ? 1 : kind === "2" ? 3 : 0;
    numbers = numbers.slice(0, count);
    var fine = numbers.length === count && numbers.every(function (n) {
      return n >= 0 && n <= 255;
    });
    if (!count || !fine) {
      return null;
    }
    return kind === "5" ? palette(numbers[0]) : "rgb(" + numbers.join(",") + ")";
  }

  // 0-15 are the theme's (a number), the rest are fixed (a CSS colour).
  function palette(n) {
    if (n < 16) {
      return n;
    }
    if (n > 231) {
      var grey = 8 + 10 * (n - 232);
      return "rgb(" + [grey, grey, grey].join(",") + ")";
    }
    n -= 16;
    return "rgb(" + [Math.floor(n / 36), Math.floor(n / 6) % 6, n % 6].map(function (part) {
      return part ? 55 + 40 * part : 0;
    }).join(",") + ")";
  }

  var SET = { 1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 8: "hidden", 9: "strike" };
  var CLEAR = {
    21: ["bold"], 22: ["bold", "dim"], 23: ["italic"], 24: ["underline"], 27: ["inverse"],
    28: ["hidden"], 29: ["strike"], 39: ["color"], 49: ["background"],
  };

  function apply(style, code, sub) {
    if (code === 0) {
      return {};
    }
    if (code === 4 && sub[1] === "0") {
      delete style.underline;
    } else if (SET[code]) {
      style[SET[code]] = true;
    } else if (CLEAR[code]) {
      CLEAR[code].forEach(function (key) {
        delete style[key];
      });
    } else if (code >= 30 && code <= 37) {
      style.color = code - 30;
    } else if (code >= 90 && code <= 97) {
      style.color = code - 90 + 8;
    } else if (code >= 40 && code <= 47) {
      style.background = code - 40;
    } else if (code >= 100 && code <= 107) {
      style.background = code - 100 + 8;
    }
    return style;
  }

  // Equal styles are one object, so that comparing them is cheap. Bounded: colours are input.
  var styles = new Map();

  function intern(style) {
    var key = Object.keys(style).sort().map(function (name) {
      return name + "=" + style[name];
    }).join(" ");
    if (!key) {
      return PLAIN;
    }
    if (!styles.has(key)) {
      if (styles.size > 4096) {
        styles.clear();
      }
      styles.set(key, Object.freeze(style));
    }
    return styles.get(key);
  }

  root.Ansi = { Screen: Screen, PLAIN: PLAIN };
})(this);
