using System.Text.RegularExpressions;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Recognises weights that are stored in eight bits together with a scale, as ComfyUI and ModelOpt write them. Without the
/// scale they are not the network's weights, so that a file of them is refused whichever tensors are left out.
/// </summary>
internal static class ScaledFloat8
{
    private static readonly Regex s_marker = new(@"(^|\.)(scaled_fp8|scale_weight|weight_scale|comfy_quant)$");

    /// <exception cref="CheckpointException">The file has such weights.</exception>
    public static void Refuse(ITensorSource file)
    {
        if (file.Entries.FirstOrDefault(entry => s_marker.IsMatch(entry.Name)) is { } marker)
        {
            throw new CheckpointException(
                file.Path,
                $"'{MessageText.Cut(marker.Name, 200)}' says that its weights are scaled 8-bit values, which are not supported; "
                + "use a file in float16, bfloat16, or float8 without scales.");
        }
    }
}
