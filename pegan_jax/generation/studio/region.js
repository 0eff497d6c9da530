// Shows an image, and lets a user draw a box on it or brush a region. All numbers are in
// pixels of the image, however large it is shown. The server decides which pixels that is.
export default {
  template: `
    <div :style="{ position: 'relative', margin: 'auto',
                   aspectRatio: width + ' / ' + height,
                   maxWidth: 'calc(52vh * ' + width / height + ')' }">
      <img :src="src" alt="the clean image" draggable="false" style="width: 100%;
        height: 100%; display: block; image-rendering: pixelated" />
      <svg ref="svg" :viewBox="'0 0 ' + width + ' ' + height" preserveAspectRatio="none"
        style="position: absolute; inset: 0; width: 100%; height: 100%; touch-action: none;
          cursor: crosshair" @pointerdown.prevent="begin" @pointermove="move"
        @pointerup="end" @pointercancel="end">
        <mask id="brushed" maskUnits="userSpaceOnUse" x="0" y="0" :width="width"
          :height="height">
          <polyline v-for="s in strokes" :points="line(s)" fill="none"
            :stroke="s.erase ? 'black' : 'white'" :stroke-width="2 * s.radius"
            stroke-linecap="round" stroke-linejoin="round" />
        </mask>
        <rect :width="width" :height="height" fill="#ff7800" opacity="0.5"
          mask="url(#brushed)" />
        <rect v-if="box" :x="rect[0]" :y="rect[1]" :width="rect[2] - rect[0]"
          :height="rect[3] - rect[1]" fill="#ff7800" fill-opacity="0.15" stroke="#ff7800"
          stroke-width="2" vector-effect="non-scaling-stroke" />
      </svg>
    </div>`,
  props: { src: String, width: Number, height: Number, tool: String, radius: Number },
  data: () => ({ box: null, strokes: [], active: false }),
  computed: {
    rect() {
      const [x, y, u, v] = this.box;
      return [Math.min(x, u), Math.min(y, v), Math.max(x, u), Math.max(y, v)];
    },
  },
  watch: { src() { this.clear(); } },
  methods: {
    at(event) {
      const area = this.$refs.svg.getBoundingClientRect();
      const part = (value, low, length) => Math.min(1, Math.max(0, (value - low) / length));
      return [part(event.clientX, area.left, area.width) * this.width,
              part(event.clientY, area.top, area.height) * this.height];
    },
    line: (stroke) => [stroke.points[0], ...stroke.points].map((p) => p.join()).join(" "),
    begin(event) {
      if (event.button) return;
      this.$refs.svg.setPointerCapture(event.pointerId);
      this.active = true;
      const point = this.at(event);
      if (this.tool === "box") {
        this.strokes = [];
        this.box = [...point, ...point];
      } else {
        this.box = null;
        this.strokes.push(
          { points: [point], radius: this.radius, erase: this.tool === "eraser" });
      }
    },
    move(event) {
      if (!this.active) return;
      const point = this.at(event);
      if (this.box) this.box = [this.box[0], this.box[1], ...point];
      else this.strokes.at(-1).points.push(point);
    },
    end() {
      if (!this.active) return;
      this.active = false;
      this.send();
    },
    undo() {
      this.box = null;
      this.strokes.pop();
      this.send();
    },
    clear() {
      this.box = null;
      this.strokes = [];
      this.send();
    },
    send() {
      this.$emit("drawn", { box: this.box, strokes: this.strokes });
    },
  },
};
