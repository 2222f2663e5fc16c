using System.Text.Json;

namespace LatentDiffusion;

/// <summary>
/// Options that widely published configurations carry although their class has none of that name: remains of the class
/// that they were first written for. Any other foreign option asks for something that would not happen, unless it is off.
/// </summary>
internal static class PublishedLeftovers
{
    private static readonly HashSet<string> s_names =
        ["clip_sample", "clip_sample_range", "sample_max_value", "set_alpha_to_one", "skip_prk_steps", "steps_offset", "dynamic_thresholding_ratio"];

    public static bool Contains(string name, JsonElement value) =>
        s_names.Contains(name) || value.ValueKind is JsonValueKind.False or JsonValueKind.Null;
}
