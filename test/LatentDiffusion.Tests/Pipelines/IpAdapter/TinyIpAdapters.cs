using System.IO.Compression;
using System.Runtime.InteropServices;
using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Small IP-Adapters and image encoders whose weights follow from their names, for the tiny families.</summary>
internal static class TinyIpAdapters
{
    /// <summary>Width of an embedding and of the hidden states of the encoder, and what an adapter makes of them.</summary>
    public const int Embedding = 20, Hidden = 32, Tokens = 4, States = 10;

    /// <summary>Writes an adapter in the published layout.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="kind">plain, plus or full.</param>
    /// <param name="denoiser">The denoiser that it is for.</param>
    /// <param name="change">Changes the tensors; null for none.</param>
    public static void Write(
        string path, string kind, DenoiserDescription denoiser, Action<Dictionary<string, long[]>>? change = null)
    {
        Dictionary<string, long[]> shapes = Shapes(kind, denoiser);
        change?.Invoke(shapes);
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(path, shapes.Select(s => (s.Key, FormulaWeights.Parameter(s.Key, s.Value))));
    }

    /// <summary>Writes the adapter of a file as its authors saved it: <c>image_proj</c> and <c>ip_adapter</c>, each a dictionary.</summary>
    public static void WritePickle(string path, string file)
    {
        using ITensorSource source = Checkpoint.Open(file);
        var storage = new List<float>();
        var tensors = new List<(string Name, long Offset, long[] Shape)>();
        foreach (TensorEntry entry in source.Entries)
        {
            tensors.Add((entry.Name, storage.Count, [.. entry.Shape]));
            using Tensor values = source.Read(entry.Name);
            storage.AddRange(values.data<float>());
        }

        var pickle = new PickleWriter();
        pickle.Dictionary([.. new[] { "image_proj", "ip_adapter" }.Select(part => (part, (Action)(() => Part(part + "."))))]);
        byte[] bytes = MemoryMarshal.AsBytes<float>(storage.ToArray()).ToArray();
        PickleWriter.Save(path, pickle.ToArray(), bytes, CompressionLevel.NoCompression);

        void Part(string prefix) => pickle.Dictionary(
        [
            .. from tensor in tensors where tensor.Name.StartsWith(prefix, StringComparison.Ordinal)
               select (tensor.Name[prefix.Length..],
                   (Action)(() => pickle.Tensor("0", tensor.Offset, tensor.Shape, Strides(tensor.Shape), storage.Count))),
        ]);

        static long[] Strides(long[] shape) => [.. shape.Select((_, i) => shape.Skip(i + 1).Aggregate(1L, (a, b) => a * b))];
    }

    /// <summary>Writes an image encoder: 24 × 24 pixels in patches of 8.</summary>
    public static void WriteEncoder(string folder, int embedding = Embedding)
    {
        using ClipVisionModel network = MakeEncoder(embedding);
        DiffusersFolder.WriteNetwork(network, folder);
    }

    public static ClipVisionModel MakeEncoder(int embedding = Embedding)
    {
        var config = new ClipVisionConfig
        {
            HiddenSize = Hidden, IntermediateSize = 64, ProjectionDim = embedding, NumHiddenLayers = 2, NumAttentionHeads = 4,
            ImageSize = 24, PatchSize = 8,
        };
        var network = new ClipVisionModel(config, LayerFactory.Uninitialized(CPU, ScalarType.Float32));
        FormulaWeights.Fill(network);
        network.eval();
        return network;
    }

    private static Dictionary<string, long[]> Shapes(string kind, DenoiserDescription denoiser)
    {
        long width = denoiser.TextWidth!.Value;
        var shapes = new Dictionary<string, long[]>();
        switch (kind)
        {
            case "plain":
                Linear("image_proj.proj", Tokens * width, Embedding);
                Norm("image_proj.norm", width);
                break;
            case "full":
                Linear("image_proj.proj.0", Hidden, Hidden);
                Linear("image_proj.proj.2", width, Hidden);
                Norm("image_proj.proj.3", width);
                break;
            case "plus":
                const long Inner = 24, Attention = 64;
                shapes["image_proj.latents"] = [1, Tokens, Inner];
                Linear("image_proj.proj_in", Inner, Hidden);
                Linear("image_proj.proj_out", width, Inner);
                Norm("image_proj.norm_out", width);
                for (int i = 0; i < 2; i++)
                {
                    string layer = $"image_proj.layers.{i}.";
                    Norm(layer + "0.norm1", Inner);
                    Norm(layer + "0.norm2", Inner);
                    shapes[layer + "0.to_q.weight"] = [Attention, Inner];
                    shapes[layer + "0.to_kv.weight"] = [2 * Attention, Inner];
                    shapes[layer + "0.to_out.weight"] = [Inner, Attention];
                    Norm(layer + "1.0", Inner);
                    shapes[layer + "1.1.weight"] = [4 * Inner, Inner];
                    shapes[layer + "1.3.weight"] = [Inner, 4 * Inner];
                }

                break;
        }

        string[] parts = ["down", "up", "mid"];
        var ordered = denoiser.CrossAttentionLayers.Zip(denoiser.CrossAttentionWidths)
            .OrderBy(layer => Array.IndexOf(parts, layer.First.Split('_')[0]));
        foreach ((int i, (_, int own)) in ordered.Index())
        {
            shapes[$"ip_adapter.{2 * i + 1}.to_k_ip.weight"] = [own, width];
            shapes[$"ip_adapter.{2 * i + 1}.to_v_ip.weight"] = [own, width];
        }

        return shapes;

        void Linear(string name, long rows, long columns) =>
            (shapes[name + ".weight"], shapes[name + ".bias"]) = ([rows, columns], [rows]);

        void Norm(string name, long size) => (shapes[name + ".weight"], shapes[name + ".bias"]) = ([size], [size]);
    }
}
