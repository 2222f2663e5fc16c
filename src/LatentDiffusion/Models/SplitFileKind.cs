namespace LatentDiffusion.Models;

/// <summary>A network that a file holds by itself.</summary>
internal sealed record SplitFileKind
{
    private const string TokenTable = "token_embedding.weight", FirstConvolution = "decoder.conv_in.weight";

    private static readonly string[] s_clip = ["text_model.encoder.layers.0.", "encoder.layers.0.self_attn.", "transformer.resblocks.0."];

    private SplitFileKind(string name, Type? textEncoder = null) => (Name, TextEncoder) = (name, textEncoder);

    /// <summary>A CLIP text encoder.</summary>
    public static SplitFileKind Clip { get; } = new("a CLIP text encoder", typeof(ClipTextModel));

    /// <summary>T5's encoder.</summary>
    public static SplitFileKind T5 { get; } = new("a T5 text encoder", typeof(T5EncoderModel));

    /// <summary>Qwen3 as a text encoder.</summary>
    public static SplitFileKind Qwen3 { get; } = new("a Qwen3 text encoder", typeof(Qwen3Model));

    /// <summary>An autoencoder.</summary>
    public static SplitFileKind Autoencoder { get; } = new("an autoencoder");

    /// <summary>What it is, for messages.</summary>
    public string Name { get; }

    /// <summary>Type of the network of a text encoder; null for another network.</summary>
    public Type? TextEncoder { get; }

    /// <summary>The kinds of text encoders.</summary>
    public static IReadOnlyList<SplitFileKind> TextEncoders { get; } = [Clip, T5, Qwen3];

    /// <summary>What a file holds, by tensors that only such networks have; null for something else, such as a transformer.</summary>
    /// <param name="file">The file.</param>
    public static SplitFileKind? Find(ITensorSource file)
    {
        if (T5Names.IsIn(file)) return T5;
        if (Qwen3Names.IsIn(file)) return Qwen3;
        string[] names = [.. file.Entries.Select(entry => entry.Name)];
        if (names.Any(name => s_clip.Any(first => name.StartsWith(first, StringComparison.Ordinal)))) return Clip;
        return AutoencoderPrefix(file) is null ? null : Autoencoder;
    }

    /// <summary>What the names of an autoencoder's tensors begin with in its file; null where it has no autoencoder.</summary>
    /// <param name="file">The file.</param>
    public static string? AutoencoderPrefix(ITensorSource file) =>
        SingleFileSections.Autoencoders.Append("").FirstOrDefault(prefix => file.Find(prefix + FirstConvolution) is not null);

    /// <summary>Width of a CLIP text encoder; 0 for a file that lacks its tokens.</summary>
    /// <param name="file">The file.</param>
    public static long ClipWidth(ITensorSource file) => file.Entries
        .FirstOrDefault(entry => entry.Name.EndsWith(TokenTable, StringComparison.Ordinal))?.Shape.LastOrDefault() ?? 0;
}
