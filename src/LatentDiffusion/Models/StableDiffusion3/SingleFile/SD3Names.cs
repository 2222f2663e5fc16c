using System.Globalization;
using System.Text.RegularExpressions;

namespace LatentDiffusion.Models;

/// <summary>The names of the original code of Stable Diffusion 3, and those of the published folders for the same tensors.</summary>
internal static partial class SD3Names
{
    /// <summary>Where the transformer of a single file begins.</summary>
    public const string Transformer = "model.diffusion_model.";

    /// <summary>Tensors that no other network has: where the blocks begin, and the table of positions by the name of folders.</summary>
    public const string Blocks = "joint_blocks.", Positions = "pos_embed.pos_embed";

    private static readonly (string Original, string Ours)[] s_top =
    [
        ("pos_embed", "pos_embed.pos_embed"), ("x_embedder.proj", "pos_embed.proj"), ("context_embedder", "context_embedder"),
        ("t_embedder.mlp.0", "time_text_embed.timestep_embedder.linear_1"),
        ("t_embedder.mlp.2", "time_text_embed.timestep_embedder.linear_2"),
        ("y_embedder.mlp.0", "time_text_embed.text_embedder.linear_1"),
        ("y_embedder.mlp.2", "time_text_embed.text_embedder.linear_2"),
        ("final_layer.linear", "proj_out"), ("final_layer.adaLN_modulation.1", LastModulation),
    ];

    /// <summary>Parts of the image's half of a block, and of the text's.</summary>
    private static readonly (string Original, string Image, string Text)[] s_block =
    [
        ("adaLN_modulation.1", "norm1.linear", "norm1_context.linear"),
        ("attn.proj", "attn.to_out.0", "attn.to_add_out"),
        ("attn.ln_q", "attn.norm_q", "attn.norm_added_q"),
        ("attn.ln_k", "attn.norm_k", "attn.norm_added_k"),
        ("attn2.proj", "attn2.to_out.0", ""),
        ("attn2.ln_q", "attn2.norm_q", ""),
        ("attn2.ln_k", "attn2.norm_k", ""),
        ("mlp.fc1", "ff.net.0.proj", "ff_context.net.0.proj"),
        ("mlp.fc2", "ff.net.2", "ff_context.net.2"),
    ];

    /// <summary>The names of queries, keys and values, which the original has as one.</summary>
    private static readonly Dictionary<(string Layer, bool Text), string[]> s_joined = new()
    {
        [("attn.qkv", false)] = ["attn.to_q", "attn.to_k", "attn.to_v"],
        [("attn.qkv", true)] = ["attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"],
        [("attn2.qkv", false)] = ["attn2.to_q", "attn2.to_k", "attn2.to_v"],
    };

    private const string LastModulation = "norm_out.linear";

    /// <summary>The stored tensors of the transformer under the names of the network's parameters.</summary>
    /// <param name="stored">Its tensors, by their names without the prefix.</param>
    public static IEnumerable<MappedTensor> Tensors(IReadOnlyDictionary<string, TensorEntry> stored)
    {
        int last = Layers(stored.Keys) - 1;
        return stored.SelectMany(tensor => Tensors(tensor.Key, tensor.Value, last));
    }

    /// <summary>Number of blocks.</summary>
    /// <param name="names">Names of the transformer's tensors without the prefix.</param>
    public static int Layers(IEnumerable<string> names) =>
        names.Select(name => Block().Match(name)).Where(m => m.Success).Select(Index).DefaultIfEmpty(-1).Max() + 1;

    private static IEnumerable<MappedTensor> Tensors(string name, TensorEntry entry, int last)
    {
        (string layer, string kind) = Split(name);
        if (Block().Match(name) is not { Success: true } match)
        {
            // Files with the names of folders have the halves as the network has them.
            string? ours = s_top.FirstOrDefault(part => part.Original == layer).Ours;
            return [Mapped(ours ?? layer, swaps: ours == LastModulation)];
        }

        int index = Index(match);
        bool text = match.Groups["half"].Value == "context_block";
        string part = layer[match.Length..], block = $"transformer_blocks.{index}.";
        if (s_joined.GetValueOrDefault((part, text)) is { } joined)
        {
            return joined.Select((one, i) => new MappedTensor(block + one + kind, entry)
            {
                Rows = [RowRange.Part(entry, i, joined.Length)],
            });
        }

        (string? original, string image, string context) = s_block.FirstOrDefault(known => known.Original == part);
        string found = original is null ? part : text ? context : image;
        // The text's stream ends in the last block, with a modulation that has only scale and shift.
        return [Mapped(block + (found.Length == 0 ? part : found), swaps: text && index == last && part == "adaLN_modulation.1")];

        // Scale comes before shift in the folders, and after it in the original code.
        MappedTensor Mapped(string ours, bool swaps) => new(ours + kind, entry)
        {
            Rows = swaps ? [RowRange.Part(entry, 1, 2), RowRange.Part(entry, 0, 2)] : null,
        };
    }

    /// <summary>The layer and <c>.weight</c> or <c>.bias</c>; a tensor by itself has neither.</summary>
    private static (string Layer, string Kind) Split(string name)
    {
        string kind = name.EndsWith(".weight", StringComparison.Ordinal) ? ".weight"
            : name.EndsWith(".bias", StringComparison.Ordinal) ? ".bias"
            : "";
        return (name[..^kind.Length], kind);
    }

    private static int Index(Match block) => int.Parse(block.Groups["index"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^joint_blocks\.(?<index>[0-9]{1,4})\.(?<half>x_block|context_block)\.")]
    private static partial Regex Block();
}
