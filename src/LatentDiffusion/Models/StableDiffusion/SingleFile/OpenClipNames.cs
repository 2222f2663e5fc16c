using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>The names of OpenCLIP for a text tower's tensors. Queries, keys and values are one matrix there.</summary>
internal static partial class OpenClipNames
{
    private static readonly (string Ours, string Theirs)[] s_parts =
    [
        ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
        ("text_model.embeddings.token_embedding.", "token_embedding."), ("text_model.final_layer_norm.", "ln_final."),
        ("text_model.encoder.layers.", "transformer.resblocks."), (".layer_norm1.", ".ln_1."), (".layer_norm2.", ".ln_2."),
        (".mlp.fc1.", ".mlp.c_fc."), (".mlp.fc2.", ".mlp.c_proj."), (".self_attn.out_proj.", ".attn.out_proj."),
    ];

    /// <summary>The tensors.</summary>
    /// <param name="network">The tower.</param>
    /// <param name="prefix">What their names begin with.</param>
    public static IEnumerable<WrittenTensor> Tensors(ClipTextModel network, string prefix)
    {
        Dictionary<string, Tensor> state = network.state_dict();
        foreach ((string name, Tensor value) in state)
        {
            if (name == LdmText.Projection)
            {
                yield return new WrittenTensor(
                    prefix + "text_projection", [value.shape[1], value.shape[0]], value.dtype, () => value.transpose(0, 1));
            }
            else if (Projection().Match(name) is { Success: true } part)
            {
                if (part.Groups["part"].ValueSpan is not "q") continue;
                (string layer, string kind) = (part.Groups["layer"].Value, part.Groups["kind"].Value);
                Tensor[] parts = [.. "qkv".Select(one => state[$"{layer}.self_attn.{one}_proj.{kind}"])];
                yield return new WrittenTensor(
                    $"{prefix}{Theirs(layer + ".")}attn.in_proj_{kind}", [3 * value.shape[0], .. value.shape[1..]], value.dtype,
                    () => cat(parts, 0));
            }
            else yield return WrittenTensor.FromTensor(prefix + Theirs(name), value);
        }
    }

    private static string Theirs(string name) =>
        s_parts.Aggregate(name, (text, part) => text.Replace(part.Ours, part.Theirs, StringComparison.Ordinal));

    [GeneratedRegex(@"^(?<layer>.+)\.self_attn\.(?<part>[qkv])_proj\.(?<kind>weight|bias)$")]
    private static partial Regex Projection();
}
