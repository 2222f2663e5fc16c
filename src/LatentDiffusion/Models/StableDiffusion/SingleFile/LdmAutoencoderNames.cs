using System.Globalization;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>The original names of an autoencoder's tensors.</summary>
internal static partial class LdmAutoencoderNames
{
    /// <summary>Replaced one after the other, after the levels of the decoder, which the original code counts from the other end.</summary>
    private static readonly (string Ours, string Ldm)[] s_parts =
    [
        ("mid_block.resnets.0.", "mid.block_1."), ("mid_block.resnets.1.", "mid.block_2."), ("mid_block.attentions.0.", "mid.attn_1."),
        ("down_blocks.", "down."), (".resnets.", ".block."), (".downsamplers.0.", ".downsample."), (".upsamplers.0.", ".upsample."),
        (".conv_shortcut.", ".nin_shortcut."), (".conv_norm_out.", ".norm_out."),
    ];

    private static readonly (string Ours, string Ldm)[] s_attention =
        [(".group_norm.", ".norm."), (".to_q.", ".q."), (".to_k.", ".k."), (".to_v.", ".v."), (".to_out.0.", ".proj_out.")];

    /// <summary>The tensors; projections of the attention are 1×1 convolutions in the original code.</summary>
    public static IEnumerable<WrittenTensor> Tensors(AutoencoderKL network)
    {
        int last = network.Config.BlockOutChannels.Length - 1;
        foreach ((string name, Tensor value) in network.state_dict())
        {
            bool attention = name.Contains(".attentions.", StringComparison.Ordinal);
            string original = LdmNames.Autoencoder + Original(name, last, attention);
            yield return attention && value.dim() == 2
                ? new WrittenTensor(original, [.. value.shape, 1, 1], value.dtype, () => value.view([.. value.shape, 1, 1]))
                : WrittenTensor.FromTensor(original, value);
        }
    }

    private static string Original(string name, int last, bool attention)
    {
        string original = Up().Replace(
            name, up => $"up.{last - int.Parse(up.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture)}.");
        foreach ((string ours, string ldm) in attention ? s_parts.Concat(s_attention) : s_parts)
            original = original.Replace(ours, ldm, StringComparison.Ordinal);
        return original;
    }

    [GeneratedRegex(@"up_blocks\.(\d+)\.")]
    private static partial Regex Up();
}
