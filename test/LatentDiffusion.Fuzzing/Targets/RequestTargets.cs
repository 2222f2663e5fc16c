using System.Runtime.InteropServices;
using LatentDiffusion.Tests.Checkpoints;
using Microsoft.Extensions.AI;

namespace LatentDiffusion.Fuzzing;

/// <summary>Requests, as texts of an image, as properties of Microsoft.Extensions.AI, and their prompts.</summary>
internal static class RequestTargets
{
    private static readonly string[] s_values =
    [
        "-1", "0", "1", "1e9", "NaN", "Infinity", "99999999999999999999", "0x10", "1,5", " 7 ", "true", "null", "{}", "[]", "[null]",
        "{\"width\":8}", "{\"width\":-1,\"height\":1e9}", "[{\"scale\":1}]", "[{\"scale\":1e400}]", "{\"crop_top\":\"a\"}", "\ud800",
        "{\"\\ud800\":1}",
    ];

    public static FuzzTarget Texts(string name, string folder) =>
        new(name, Entries, bytes => GenerationMetadata.ToRequest(Parse(bytes)), typeof(InvalidDataException));

    public static FuzzTarget AdditionalProperties(string name, string folder)
    {
        using (ModelComponents model = TinyModels.Make("sd1")) DiffusersFolder.Write(model, folder);
        DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folder).Build();
        var generator = new DiffusionImageGenerator(pipeline);
        // Cancelled before the first evaluation of a network: only the validation before it is tested.
        var cancelled = new CancellationToken(canceled: true);
        return new FuzzTarget(
            name, Entries,
            bytes =>
            {
                var properties = new AdditionalPropertiesDictionary();
                foreach ((string key, string value) in Parse(bytes)) properties[key] = value;
                properties.Remove("prompt", out object? prompt);
                var request = new ImageGenerationRequest(prompt as string ?? "");
                var options = new ImageGenerationOptions { AdditionalProperties = properties };
                generator.GenerateAsync(request, options, cancelled).GetAwaiter().GetResult();
            },
            typeof(ArgumentException), typeof(NotSupportedException), typeof(InvalidDataException), typeof(OperationCanceledException));
    }

    /// <summary>Any text is a prompt: nothing is refused, and a written prompt is read back unchanged.</summary>
    public static FuzzTarget Prompt(string name, string folder)
    {
        var tokenizer = new ClipTokenizer(TinyModels.Vocabulary, 16);
        string[] pieces =
        [
            "(", ")", "[", "]", ":", ":1.3)", ":-1e9)", ":.5.5)", @"\", @"\(", "BREAK", "((((((((", "]]]]", "&amp;", "&#x110000;",
            "<|endoftext|>", "'s", "a\u0301\u0327", "\u1100\u1161\u11a8",
        ];
        return new FuzzTarget(
            name,
            random => MemoryMarshal.AsBytes(
                TextMutation.Apply(@"a (red:1.3) [star] \(ab\), ((b)) BREAK a", random, pieces).AsSpan()).ToArray(),
            bytes =>
            {
                string text = new(MemoryMarshal.Cast<byte, char>(bytes.AsSpan(0, bytes.Length & ~1)));
                WeightedPrompt prompt = WeightedPrompt.Parse(text);
                if (!WeightedPrompt.Parse(prompt.ToString()).Fragments.SequenceEqual(prompt.Fragments))
                    throw new InvalidOperationException($"'{prompt}' is read as a different prompt than '{text}'.");
                _ = tokenizer.Encode(text);
                _ = tokenizer.CountTruncatedTokens(text);
            });
    }

    private static byte[] Entries(Random random)
    {
        var entries = new Dictionary<string, string> { ["prompt"] = "a star", ["seed"] = "5", ["steps"] = "4", ["width"] = "16" };
        IReadOnlyList<string> keys = GenerationMetadata.RequestKeys;
        for (int n = random.Next(1, 4); n > 0; n--)
        {
            string key = random.Next(10) == 0 ? TextMutation.Apply("seed", random) : keys[random.Next(keys.Count)];
            string value = s_values[random.Next(s_values.Length)];
            entries[key] = random.Next(2) == 0 ? value : TextMutation.Apply(value, random, s_values);
        }

        // UTF-16, so that halves of surrogate pairs are preserved.
        return MemoryMarshal.AsBytes(string.Join('\u0001', entries.SelectMany(e => (string[])[e.Key, e.Value])).AsSpan()).ToArray();
    }

    private static Dictionary<string, string> Parse(byte[] bytes)
    {
        string[] parts = new string(MemoryMarshal.Cast<byte, char>(bytes.AsSpan(0, bytes.Length & ~1))).Split('\u0001');
        return parts.Chunk(2).Where(p => p.Length == 2).DistinctBy(p => p[0]).ToDictionary(p => p[0], p => p[1]);
    }
}
