using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Fuzzing;

/// <summary>Files of learned embeddings, separate and bundled with LoRA patches.</summary>
internal static class EmbeddingTargets
{
    private static readonly string[] s_pieces =
    [
        "bundle_emb.", "bundle_emb.mine.", ".string_to_param.*", "emb_params", "clip_l", "clip_g", "text_encoders_0", "text_encoders_1",
        "<mine>", " ", ".", "\"<embed>\"", "\"<mine>\":\"<embed>\"",
    ];

    public static FuzzTarget TextualInversion(string name, string folder)
    {
        string path = Path.Combine(folder, "a.safetensors");
        byte[][] seeds =
        [
            Seed(path, "<mine>"), Seed(path, "emb_params"), Seed(path, "clip_l", "clip_g"),
            Seed(path, "bundle_emb.mine.string_to_param.*", "lora_unet_x.lora_up.weight"),
        ];
        return new FuzzTarget(
            name, random => SafetensorsMutation.Apply(seeds[random.Next(seeds.Length)], random, s_pieces), bytes => Apply(path, bytes),
            typeof(CheckpointException));
    }

    private static byte[] Seed(string path, params string[] names)
    {
        using DisposeScope scope = NewDisposeScope();
        SafetensorsWriter.Write(path, [.. names.Select(n => (n, zeros(2, 4)))], new Dictionary<string, string> { ["<mine>"] = "<embed>" });
        return File.ReadAllBytes(path);
    }

    private static void Apply(string path, byte[] bytes)
    {
        File.WriteAllBytes(path, bytes);
        TextualInversionFile.Read(path);
    }
}
