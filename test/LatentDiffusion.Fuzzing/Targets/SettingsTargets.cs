using System.Net.Mime;
using System.Runtime.InteropServices;

namespace LatentDiffusion.Fuzzing;

/// <summary>What images of other programs say about how they were made: texts, graphs, EXIF and XMP.</summary>
internal static class SettingsTargets
{
    private const string Parameters =
        "a cat, (b:1.2) <lora:x:0.8>\nNegative prompt: bad\nSteps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 42, "
        + "Size: 512x768, Variation seed: 3, Variation seed strength: 0.5, Denoising strength: 0.7, Hires resize: 0x1536, Clip skip: 2, "
        + "Lora hashes: \"x: a1b2\", Hashes: {\"a\": [1, \"}\"]}, LatentDiffusion: \"{\\\"timesteps\\\":\\\"[900,100]\\\"}\", Version: v1";

    private const string Graph = """
        { "3": { "class_type": "KSampler", "inputs": { "seed": 5, "steps": 20, "cfg": 8, "sampler_name": "dpmpp_2m", "scheduler": "karras",
          "denoise": 1, "model": ["11", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0] } },
          "4": { "class_type": "CheckpointLoaderSimple", "inputs": { "ckpt_name": "a\\b.safetensors" } },
          "5": { "class_type": "EmptyLatentImage", "inputs": { "width": 512, "height": 768, "batch_size": 2 } },
          "6": { "class_type": "CLIPTextEncode", "inputs": { "text": ["12", 0], "clip": ["13", 0] } },
          "7": { "class_type": "ConditioningZeroOut", "inputs": { "conditioning": ["6", 0] } },
          "11": { "class_type": "LoraLoader", "inputs": { "lora_name": "x", "strength_model": 0.8, "strength_clip": 1,
            "model": ["4", 0] } },
          "12": { "class_type": "PrimitiveString", "inputs": { "value": "a cat" } },
          "13": { "class_type": "CLIPSetLastLayer", "inputs": { "stop_at_clip_layer": -2, "clip": ["4", 1] } } }
        """;

    private const string Invoke = """
        { "generation_mode": "txt2img", "positive_prompt": "a cat", "width": 512, "height": 640, "seed": 5, "cfg_scale": 7.5, "steps": 30,
          "scheduler": "dpmpp_2m_k", "clip_skip": 1, "model": { "name": "a" }, "loras": [{ "model": { "name": "x" }, "weight": 0.75 }],
          "image": { "prompt": [{ "prompt": "a [b]", "weight": 1 }], "sampler": "k_lms" } }
        """;

    private static readonly string[] s_keys = ["invokeai_metadata", "sd-metadata", "Dream", "Comment", "prompt"];

    private static readonly string[] s_json =
    [
        "{", "}", "[", "]", "\"", ":", ",", "null", "1e999", "[\"3\", 0]", "\"\\ud800\"", "\"class_type\": \"KSampler\"", "-1",
    ];

    public static FuzzTarget Text(string name, string folder) => Strings(
        name, random => TextMutation.Apply(
            Parameters, random, "Negative prompt:", "Steps: ", ", ", "\\\"", "{", "}", "<lora:", ">", "Size: ", "x", "-1", "1e999",
            "Karras"),
        text =>
        {
            string written = WebUIParameters.Parse(text).ToString();
            // No file holds halves of surrogate pairs.
            if (!text.Any(char.IsSurrogate) && WebUIParameters.Parse(written).ToString() != written)
                throw new InvalidOperationException($"'{written}' is read differently.");
            _ = ImageSettings.FromParameters(text);
        });

    public static FuzzTarget ComfyUI(string name, string folder) => Strings(
        name, random => TextMutation.Apply(Graph, random, s_json), text => Read("prompt", text));

    public static FuzzTarget Programs(string name, string folder) => Strings(
        name,
        random => TextMutation.Apply(random.Next(5) == 0 ? "\"a cat [b]\" -s 50 -S 5 -W512 -A k_lms" : Invoke, random, s_json),
        text =>
        {
            foreach (string key in s_keys)
            {
                try
                {
                    Read(key, text);
                }
                catch (InvalidDataException)
                {
                    // Each of them must end in one, or in settings.
                }
            }
        });

    public static FuzzTarget Files(string name, string folder)
    {
        var codec = new SkiaImageCodec();
        var image = new ImageBuffer(16, 8, new byte[16 * 8 * 3]);
        var texts = new Dictionary<string, string> { ["parameters"] = Parameters, ["prompt"] = "a", ["seed"] = "5" };
        byte[][] seeds =
        [
            codec.Encode(image, MediaTypeNames.Image.Jpeg, texts), codec.Encode(image, MediaTypeNames.Image.Webp, texts),
            codec.Encode(image, MediaTypeNames.Image.Jpeg, new Dictionary<string, string>(texts) { ["long"] = new('a', 70_000) }),
        ];
        return new FuzzTarget(
            name, random => ByteMutation.Apply(seeds[random.Next(seeds.Length)], random),
            bytes =>
            {
                _ = ImageTexts.Read(bytes);
                _ = ImageTexts.Insert(bytes, texts);
                _ = ImageSettings.Read(bytes);
            },
            typeof(InvalidDataException));
    }

    private static void Read(string key, string text) => _ = ImageSettings.FromTexts(new Dictionary<string, string> { [key] = text });

    private static FuzzTarget Strings(string name, Func<Random, string> make, Action<string> read) => new(
        name,
        // UTF-16, so that halves of surrogate pairs are preserved.
        random => MemoryMarshal.AsBytes(make(random).AsSpan()).ToArray(),
        bytes => read(new string(MemoryMarshal.Cast<byte, char>(bytes.AsSpan(0, bytes.Length & ~1)))), typeof(InvalidDataException));
}
