// What the page says, in English and Chinese. {x} is filled in.
const words = {
  en: {
    title: "Watch Inception think",
    lead: "Draw a digit, or drop a photo anywhere on this page. The classes follow your hand; below them is what each branch of each Inception module sees, in the waves in which the GPU computes them.",
    other: "中文", otherLabel: "这个页面的中文版",
    token: "This server asks for a token:", useToken: "Use it",
    give: "Your picture", model: "Network:", clear: "Clear", file: "Choose a photo…", samples: "Or one of these, which the network was not trained on:",
    sample: "sample {x}", drop: "JPEG, PNG, WebP, GIF or BMP. Pictures go to this server only.",
    pad: "Drawing pad", padHelp: "Draw with mouse, finger or pen. By keyboard: arrow keys move the pen, the space bar puts it down and lifts it, Delete clears.",
    classes: "Classes", nothing: "Nothing drawn yet.", verdict: "{label}: {share}", took: "{ms} ms in the queue and on the GPU, in a run of {batch}",
    takes: "This network takes {c} channels of {h}×{w} pixels. {about}",
    noClasses: "This network has no classes.", notPhotos: "This network is not for pictures.",
    inside: "Inside, wave by wave", replay: "Play the waves again",
    insideLead: "Every small picture is one channel, from its smallest number (dark) to its largest (light); a plain one is the same everywhere. A 1×1 convolution mixes channels and looks at no neighbours: it makes few channels of many, so that the expensive 3×3 and 5×5 have less to do. Those 1×1s that read the same input are one product, framed below: the input is read once. Steps of a wave run together; a wave waits for the one before.",
    clock: "All waves: {us} on {device}, each step timed by the GPU. Timing keeps steps from overlapping, so the sum is a little more than a run takes.",
    noClock: "This device's clock can't time single steps.",
    wave: "Wave {n}", module: "Module {name}", merged: "{n} 1×1 convolutions, one product",
    channels: "{in} → {out} channels", ofSize: "{h}×{w}", some: ", the first {n} shown", flat: ", {n} the same everywhere",
    mapsLabel: "{op}: {shown} of {channels} channels of {h}×{w}; {flat} the same everywhere",
    empty: "The picture is empty.", failed: "The server can't be reached: {x}", ready: "loading…",
    photo: "your photo",
    foot: "The page uses the server's own requests; programs use the Open Inference Protocol at /v2.",
    relu: "ReLU", maxpool: "max pool", avgpool: "average pool", globalpool: "average of each channel", conv: "convolution", concat: "copy", softmax: "softmax", dense: "linear layer",
  },
  zh: {
    title: "看 Inception 如何识别",
    lead: "写一个数字，或把照片拖到页面任意位置。类别会随笔画实时更新；下方按 GPU 的计算波次，展示每个 Inception 模块中各条分支看到的特征图。",
    other: "English", otherLabel: "This page in English",
    token: "此服务器需要访问令牌：", useToken: "使用",
    give: "输入图像", model: "网络：", clear: "清除", file: "选择照片…", samples: "也可以选一张样例（均未参与训练）：",
    sample: "样例 {x}", drop: "支持 JPEG、PNG、WebP、GIF、BMP。图像只发送到这台服务器。",
    pad: "手写板", padHelp: "用鼠标、手指或触控笔书写。键盘操作：方向键移动画笔，空格键落笔或提笔，Delete 键清除。",
    classes: "分类结果", nothing: "还没有输入。", verdict: "{label}：{share}", took: "排队和 GPU 计算共 {ms} 毫秒，该批次含 {batch} 张图像",
    takes: "该网络的输入为 {c} 个通道，{h}×{w} 像素。{about}",
    noClasses: "该网络不输出类别。", notPhotos: "该网络的输入不是图像。",
    inside: "逐波观察网络内部", replay: "重新播放",
    insideLead: "每个小图是一个通道，最小值为暗色，最大值为亮色；纯色表示处处相同。1×1 卷积只混合通道、不看邻域像素：它先把通道数降下来，让昂贵的 3×3 和 5×5 卷积少算很多。读取同一输入的几个 1×1 卷积被合并为一次矩阵乘法（下方加框的部分），输入只需读取一次。同一波中的步骤并行执行，每一波要等前一波完成。",
    clock: "全部波次：{us}，设备 {device}，每一步由 GPU 计时。计时会妨碍步骤重叠，因此总和略大于实际推理时间。",
    noClock: "此设备的时钟无法对单个步骤计时。",
    wave: "第 {n} 波", module: "模块 {name}", merged: "{n} 个 1×1 卷积，合并为一次矩阵乘法",
    channels: "通道数 {in} → {out}", ofSize: "{h}×{w}", some: "，显示前 {n} 个", flat: "，其中 {n} 个处处相同",
    mapsLabel: "{op}：共 {channels} 个通道，显示 {shown} 个，{h}×{w}；{flat} 个处处相同",
    empty: "图像为空。", failed: "无法连接服务器：{x}", ready: "加载中…",
    photo: "照片",
    foot: "页面使用服务器自己的接口；程序请使用 /v2 下的 Open Inference Protocol（开放推理协议）。",
    relu: "ReLU", maxpool: "最大池化", avgpool: "平均池化", globalpool: "全局平均池化", conv: "卷积", concat: "拷贝", softmax: "softmax", dense: "全连接层",
  },
};

// language is the page's; html's lang attribute keeps it.
export const language = () => (document.documentElement.lang.startsWith("zh") ? "zh" : "en");

// say is a text with what it is filled with.
export function say(key, fill = {}) {
  const text = words[language()][key];
  return text.replace(/\{(\w+)\}/g, (_, name) => fill[name]);
}

// operator is an operator's name: windows stay as they are.
export function operator(op) {
  const [kind, ...rest] = op.split(" ");
  return words[language()][kind] ? [words[language()][kind], ...rest].join(" ") : op;
}

export const number = (v, digits = 0) => v.toLocaleString(language(), { maximumFractionDigits: digits, minimumFractionDigits: digits });

// time is some microseconds.
export const time = us => us >= 1000 ? number(us / 1000, 2) + (language() === "zh" ? " 毫\u2060秒" : " ms") : number(us, us < 100 ? 1 : 0) + (language() === "zh" ? " 微\u2060秒" : " µs");
