// Invented pictures and a voice, drawn and played by this code, so that nobody needs a photo at hand.

const WIDE = 960;
const HIGH = 720;

function sky(c, top, bottom) {
  const shade = c.createLinearGradient(0, 0, 0, HIGH);
  shade.addColorStop(0, top);
  shade.addColorStop(1, bottom);
  c.fillStyle = shade;
  c.fillRect(0, 0, WIDE, HIGH);
}

function shape(c, color, ...points) {
  c.fillStyle = color;
  c.beginPath();
  points.forEach(([x, y], at) => (at ? c.lineTo(x, y) : c.moveTo(x, y)));
  c.closePath();
  c.fill();
}

function round(c, color, x, y, wide, high = wide) {
  c.fillStyle = color;
  c.beginPath();
  c.ellipse(x, y, wide, high, 0, 0, Math.PI * 2);
  c.fill();
}

function box(c, color, x, y, wide, high, corner = 0) {
  c.fillStyle = color;
  c.beginPath();
  c.roundRect(x, y, wide, high, corner);
  c.fill();
}

function line(c, color, width, ...points) {
  c.strokeStyle = color;
  c.lineWidth = width;
  c.lineCap = "round";
  c.lineJoin = "round";
  c.beginPath();
  points.forEach(([x, y], at) => (at ? c.lineTo(x, y) : c.moveTo(x, y)));
  c.stroke();
}

function house(c, x, y, floors, entries, wall, glass) {
  const wide = entries * 92 + 40;
  box(c, wall, x, y - floors * 84 - 30, wide, floors * 84 + 30, 4);
  box(c, "rgba(0,0,0,.12)", x, y - floors * 84 - 30, wide, 16);
  for (let floor = 0; floor < floors; floor++)
    for (let entry = 0; entry < entries; entry++) box(c, glass[(floor * 3 + entry * 2) % glass.length], x + 34 + entry * 92, y - (floor + 1) * 84 + 8, 56, 52, 3);
}

function road(c, color, horizon) {
  shape(c, color, [340, horizon], [620, horizon], [1100, HIGH], [-140, HIGH]);
  for (const [near, size] of [[0.1, 8], [0.35, 14], [0.7, 24]]) {
    const y = horizon + (HIGH - horizon) * near;
    box(c, "rgba(255,255,255,.75)", 480 - size / 2, y, size, size * 3.4, 3);
  }
}

const SCENES = {
  pipe(c) {
    sky(c, "#b9cfdf", "#e6edf0");
    house(c, 40, 430, 4, 4, "#cdb79a", ["#5d7a8c", "#6d8b9d", "#ffe6a6"]);
    house(c, 560, 430, 3, 4, "#b8c3b4", ["#5d7a8c", "#6d8b9d"]);
    box(c, "#8b949b", 0, 430, WIDE, 290);
    round(c, "#6fa8cf", 500, 600, 430, 92);
    round(c, "#8fc1e2", 470, 590, 320, 56);
    round(c, "#4a4238", 480, 560, 110, 30);
    for (let spout = -4; spout <= 4; spout++) {
      c.strokeStyle = spout % 2 ? "rgba(235,247,255,.9)" : "rgba(170,214,240,.9)";
      c.lineWidth = 16 - Math.abs(spout);
      c.lineCap = "round";
      c.beginPath();
      c.moveTo(480 + spout * 4, 560);
      c.quadraticCurveTo(480 + spout * 16, 250 + Math.abs(spout) * 30, 480 + spout * 54, 520 + Math.abs(spout) * 6);
      c.stroke();
    }
  },
  hole(c) {
    sky(c, "#a9c6de", "#dfe9ee");
    shape(c, "#7f9b73", [0, 330], [WIDE, 330], [WIDE, HIGH], [0, HIGH]);
    house(c, 20, 345, 2, 3, "#d8c7a5", ["#58768a", "#6d8b9d"]);
    house(c, 650, 345, 3, 3, "#c6b0a0", ["#58768a", "#ffe6a6"]);
    road(c, "#6a6f75", 330);
    round(c, "#4c4f53", 420, 590, 190, 62);
    round(c, "#2f3134", 420, 596, 160, 48);
    round(c, "#7d9db4", 400, 606, 110, 26);
    line(c, "#4c4f53", 6, [600, 570], [690, 540], [720, 556]);
    line(c, "#4c4f53", 6, [240, 610], [160, 640], [120, 630]);
    shape(c, "#e2622b", [640, 640], [676, 530], [712, 640]);
    box(c, "#fff", 655, 578, 42, 18);
    box(c, "#c9531f", 624, 636, 104, 14, 4);
  },
  waste(c) {
    sky(c, "#c7d6df", "#edf0ee");
    house(c, 330, 400, 3, 5, "#c9b7ac", ["#5d7a8c", "#6d8b9d", "#ffe6a6"]);
    box(c, "#9ba396", 0, 400, WIDE, 320);
    for (const x of [140, 400, 660]) {
      box(c, "#3f7d5b", x, 380, 210, 190, 12);
      box(c, "#33684b", x - 8, 366, 226, 26, 8);
      round(c, "#26302b", x + 40, 580, 18);
      round(c, "#26302b", x + 170, 580, 18);
    }
    [[180, 350, 52, "#22282c"], [260, 338, 60, "#30383d"], [440, 344, 58, "#3a444a"], [540, 352, 46, "#22282c"], [700, 340, 62, "#2b3237"], [800, 352, 50, "#3a444a"],
      [110, 610, 66, "#30383d"], [350, 630, 76, "#22282c"], [480, 646, 54, "#556068"], [620, 626, 70, "#30383d"], [860, 616, 62, "#22282c"]].forEach(([x, y, size, color]) => {
      round(c, color, x, y, size, size * 0.8);
      shape(c, color, [x - 12, y - size * 0.7], [x + 12, y - size * 0.7], [x + 20, y - size], [x - 20, y - size]);
    });
    box(c, "#b98d5b", 250, 600, 90, 70, 4);
    line(c, "#8f6a40", 4, [250, 622], [340, 622]);
  },
  snow(c) {
    sky(c, "#b4c5d8", "#e8eef5");
    house(c, 60, 400, 4, 4, "#b9a89f", ["#56707f", "#ffe6a6", "#6d8b9d"]);
    house(c, 540, 400, 4, 4, "#a8b3ba", ["#56707f", "#6d8b9d", "#ffe6a6"]);
    box(c, "#eef3f8", 0, 390, WIDE, 330);
    box(c, "#3d6fae", 330, 410, 330, 100, 26);
    shape(c, "#3d6fae", [390, 420], [440, 350], [570, 350], [620, 420]);
    shape(c, "#cfe0ec", [412, 414], [450, 366], [500, 366], [500, 414]);
    shape(c, "#cfe0ec", [512, 414], [512, 366], [560, 366], [598, 414]);
    round(c, "#fff", 490, 350, 110, 34);
    for (const [x, y, wide, high] of [[150, 560, 260, 90], [480, 570, 330, 96], [820, 550, 260, 100], [320, 650, 380, 110], [760, 660, 360, 110]]) round(c, "#fff", x, y, wide, high);
    for (const [x, y, wide] of [[180, 590, 120], [520, 600, 150], [800, 590, 110]]) round(c, "#dbe6f0", x, y, wide, 24);
    for (let flake = 0; flake < 90; flake++) round(c, "rgba(255,255,255,.9)", (flake * 197) % WIDE, (flake * 331) % 520, 3 + (flake % 4));
  },
  lamp(c) {
    sky(c, "#101a30", "#33415f");
    for (let star = 0; star < 40; star++) round(c, "rgba(255,255,255,.7)", (star * 241) % WIDE, (star * 137) % 300, 1.6);
    house(c, 20, 470, 4, 3, "#1e2638", ["#161d2c", "#161d2c", "#f3cf7a"]);
    house(c, 600, 470, 3, 4, "#222b40", ["#161d2c", "#f3cf7a", "#161d2c", "#161d2c"]);
    shape(c, "#1a2130", [0, 470], [WIDE, 470], [WIDE, HIGH], [0, HIGH]);
    shape(c, "#242c3c", [420, 470], [540, 470], [840, HIGH], [120, HIGH]);
    line(c, "#56617a", 14, [420, 640], [420, 190], [450, 160], [540, 160]);
    shape(c, "#3b4459", [520, 150], [600, 150], [616, 186], [510, 186]);
    line(c, "#e5e9f2", 4, [540, 190], [556, 206], [548, 214], [570, 232]);
    round(c, "rgba(240,205,120,.16)", 120, 330, 90);
  },
  hatch(c) {
    sky(c, "#8d949a", "#777e84");
    for (let row = 0; row < 10; row++)
      for (let column = -1; column < 12; column++)
        box(c, ["#8f969b", "#868d93", "#979da2"][(row * 2 + column + 3) % 3], column * 96 + (row % 2) * 48, row * 76, 92, 72, 4);
    round(c, "#5d6266", 440, 380, 232, 172);
    round(c, "#3b3f42", 440, 380, 208, 150);
    round(c, "#0d0f10", 440, 392, 190, 132);
    round(c, "#63686d", 770, 560, 170, 122);
    round(c, "#555a5f", 770, 552, 156, 110);
    for (let ring = 0; ring < 4; ring++) {
      c.strokeStyle = "#6f757a";
      c.lineWidth = 7;
      c.beginPath();
      c.ellipse(770, 552, 30 + ring * 34, 20 + ring * 24, 0, 0, Math.PI * 2);
      c.stroke();
    }
    line(c, "#a6672f", 16, [500, 470], [560, 120]);
    box(c, "#d23f31", 520, 90, 110, 70, 4);
  },
  bench(c) {
    sky(c, "#a9d2ee", "#e3f2f5");
    round(c, "#fff3c4", 790, 120, 62);
    for (const [x, y, size] of [[140, 260, 130], [300, 290, 96], [840, 290, 120]]) {
      box(c, "#7a5a3d", x - 12, y + 60, 24, 160);
      round(c, "#6fa85f", x, y, size, size * 0.9);
      round(c, "#7fb86d", x - 26, y - 26, size * 0.6, size * 0.5);
    }
    shape(c, "#8cbf74", [0, 430], [WIDE, 430], [WIDE, HIGH], [0, HIGH]);
    shape(c, "#d9cdb2", [0, 610], [WIDE, 560], [WIDE, HIGH], [0, HIGH]);
    for (const y of [360, 404]) box(c, "#c98b4a", 270, y, 430, 32, 8);
    for (const y of [476, 506]) box(c, "#b97b3d", 250, y, 470, 24, 8);
    for (const x of [300, 650]) line(c, "#3c4248", 16, [x, 350], [x, 600]);
  },
};

export const names = Object.keys(SCENES);
const drawn = {};

/** A picture as { kind, blob, name, url }; drawn once. */
export async function picture(name) {
  if (!drawn[name]) {
    const canvas = document.createElement("canvas");
    canvas.width = WIDE;
    canvas.height = HIGH;
    SCENES[name](canvas.getContext("2d"));
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.86));
    drawn[name] = { kind: "photo", blob, name: `${name}.jpg`, url: URL.createObjectURL(blob) };
  }
  return drawn[name];
}

/** A «voice»: two seconds of a humming melody, mono 8 kHz WAV. */
export function voice() {
  const rate = 8000;
  const sounds = new Int16Array(rate * 2);
  const tones = [196, 220, 247, 220, 262, 247, 220, 196];
  for (let at = 0; at < sounds.length; at++) {
    const part = (at / sounds.length) * tones.length;
    const swell = Math.sin((part % 1) * Math.PI);
    const turn = (2 * Math.PI * tones[Math.floor(part)] * at) / rate;
    sounds[at] = (Math.sin(turn) + Math.sin(turn * 2) / 2 + Math.sin(turn * 3) / 4) * swell * 9000;
  }
  const head = new DataView(new ArrayBuffer(44));
  const write = (place, text) => [...text].forEach((letter, i) => head.setUint8(place + i, letter.charCodeAt(0)));
  write(0, "RIFF");
  head.setUint32(4, 36 + sounds.byteLength, true);
  write(8, "WAVEfmt ");
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true);
  head.setUint16(22, 1, true);
  head.setUint32(24, rate, true);
  head.setUint32(28, rate * 2, true);
  head.setUint16(32, 2, true);
  head.setUint16(34, 16, true);
  write(36, "data");
  head.setUint32(40, sounds.byteLength, true);
  return { kind: "voice", blob: new Blob([head, sounds], { type: "audio/wav" }), name: "voice.wav" };
}
