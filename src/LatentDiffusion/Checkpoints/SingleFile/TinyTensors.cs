using System.Globalization;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// The tensors of a tiny autoencoder in a file: encoder or decoder in a file each, whose layers are named by only their index, or both
/// in one file.
/// </summary>
/// <param name="source">The file.</param>
internal sealed class TinyTensors(ITensorSource source)
{
    public const string Encoder = "encoder", Decoder = "decoder";

    /// <summary>In the original names, the decoder's bounding of latents takes the first index.</summary>
    private const int DecoderOffset = 1;

    private readonly string? _encoder = new[] { "", "encoder.", "encoder.layers." }
        .FirstOrDefault(prefix => Has(source, prefix, first: 0, block: 1));

    private readonly (string Prefix, int Offset)? _decoder =
        Has(source, "decoder.layers.", first: 0, block: 2) ? ("decoder.layers.", 0)
        : new[] { "", "decoder." }.Where(prefix => Has(source, prefix, first: 1, block: 3))
            .Select(prefix => ((string, int)?)(prefix, DecoderOffset)).FirstOrDefault();

    /// <summary>Whether it holds an encoder.</summary>
    public bool HasEncoder => _encoder is not null;

    /// <summary>Whether it holds a decoder.</summary>
    public bool HasDecoder => _decoder is not null;

    /// <summary>All tensors, those of the layers by the names of the network's parameters.</summary>
    public IEnumerable<MappedTensor> Map() => source.Entries.Select(entry => new MappedTensor(NameOf(entry.Name), entry));

    /// <summary>The layers of a half in their order: channels of a convolution, or null for a block.</summary>
    /// <param name="network">The tensors by the names of the network's parameters.</param>
    /// <param name="half">The half.</param>
    public static IReadOnlyList<int?> Layers(ITensorSource network, string half)
    {
        var layers = new SortedDictionary<int, int?>();
        string prefix = $"{half}.layers.";
        foreach (TensorEntry entry in network.Entries.Where(e => e.Name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            string[] parts = entry.Name[prefix.Length..].Split('.');
            if (!TryParse(parts[0], out int index)) continue;
            // One more than the largest is refused by the configuration.
            if (parts is [_, "weight"] && entry.Shape is [var width, _, _, _])
                layers[index] = (int)Math.Min(width, ConfigRules.Largest + 1L);
            else if (parts.Length > 2) layers.TryAdd(index, null);
        }

        return [.. layers.Values];
    }

    private static bool Has(ITensorSource source, string prefix, int first, int block) =>
        source.Find($"{prefix}{first}.weight") is not null && source.Find($"{prefix}{block}.conv.0.weight") is not null;

    private static bool TryParse(string text, out int index) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out index);

    private string NameOf(string name)
    {
        // Of a half in its own file all names are only numbers: the longer prefixes come first.
        if (_decoder is { } decoder && Renamed(name, decoder.Prefix, decoder.Offset, Decoder) is { } ofDecoder) return ofDecoder;
        return _encoder is { } encoder && Renamed(name, encoder, 0, Encoder) is { } ofEncoder ? ofEncoder : name;
    }

    private static string? Renamed(string name, string prefix, int offset, string half)
    {
        if (!name.StartsWith(prefix, StringComparison.Ordinal)) return null;
        string rest = name[prefix.Length..], index = rest.Split('.')[0];
        return TryParse(index, out int layer) ? $"{half}.layers.{layer - offset}{rest[index.Length..]}" : null;
    }
}
