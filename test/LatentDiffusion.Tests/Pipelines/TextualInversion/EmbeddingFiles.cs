using System.IO.Compression;
using LatentDiffusion.Tests.Checkpoints;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Writes files of learned embeddings in the forms of the programs that make them.</summary>
internal static class EmbeddingFiles
{
    /// <summary>As diffusers writes it: one tensor under its token.</summary>
    public static string Diffusers(string path, string token, Tensor embedding) => Safetensors(path, (token, embedding));

    /// <summary>The same as a file of PyTorch, <c>learned_embeds.bin</c>.</summary>
    public static string LearnedEmbeds(string path, string token, Tensor embedding)
    {
        var pickle = new PickleWriter();
        pickle.Dictionary((token, () => Value(pickle, embedding)));
        return Save(path, pickle, embedding);
    }

    public static string Safetensors(string path, params (string Name, Tensor Value)[] tensors)
    {
        SafetensorsWriter.Write(path, [.. tensors]);
        return path;
    }

    /// <summary>As Stable Diffusion web UI writes it, with the token as its name; null for none.</summary>
    public static string WebUi(string path, string? token, Tensor embedding)
    {
        var pickle = new PickleWriter();
        List<(string, Action)> items =
        [
            ("string_to_token", () => pickle.Dictionary(("*", () => pickle.Integer(265)))),
            ("string_to_param", () => pickle.Dictionary(("*", () => Value(pickle, embedding)))),
        ];
        if (token is not null) items.Add(("name", () => pickle.Text(token)));
        pickle.Dictionary([.. items]);
        return Save(path, pickle, embedding);
    }

    /// <summary>As the original code writes it: the embedding is a parameter of a dictionary of PyTorch.</summary>
    public static string Original(string path, Tensor embedding)
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(("string_to_param", () =>
        {
            pickle.Raw([.. "ctorch.nn.modules.container\nParameterDict\n)"u8, 0x81]);
            pickle.Dictionary(
                ("training", () => pickle.Integer(1)),
                ("_parameters", () => pickle.Dictionary(("*", () => pickle.Parameter(() => Value(pickle, embedding))))));
            pickle.Raw("b"u8.ToArray());
        }));
        return Save(path, pickle, embedding);
    }

    /// <summary>A tensor alone.</summary>
    public static string Bare(string path, Tensor embedding)
    {
        var pickle = new PickleWriter();
        Value(pickle, embedding);
        return Save(path, pickle, embedding);
    }

    private static void Value(PickleWriter pickle, Tensor embedding) => pickle.Tensor("0", 0, embedding.shape, embedding.stride());

    private static string Save(string path, PickleWriter pickle, Tensor embedding)
    {
        PickleWriter.Save(path, pickle.ToArray(), embedding.bytes.ToArray(), CompressionLevel.NoCompression);
        return path;
    }
}
