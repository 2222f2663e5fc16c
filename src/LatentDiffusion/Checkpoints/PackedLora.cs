using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// The files of the first LoRA trainer for Stable Diffusion, which number the modules in the order in which PyTorch
/// visits them instead of naming them: <c>unet:17:up</c>. Their strength is always the rank.
/// </summary>
internal static partial class PackedLora
{
    /// <summary>
    /// Classes of the modules around the trained ones, as the metadata lists them. Other classes would shift the numbers.
    /// </summary>
    private static readonly HashSet<string> s_containers = ["CrossAttention", "Attention", "GEGLU", "CLIPAttention"];

    /// <summary>Whether a name is of this kind.</summary>
    public static bool IsKey(string name) => Key().IsMatch(name);

    /// <summary>Finds the parameter that a numbered name means; null where the network has fewer.</summary>
    public static (string Role, string Component, string? Parameter) Find(
        string name,
        IReadOnlyDictionary<string, string[]> order)
    {
        Match match = Key().Match(name);
        string component = match.Groups["component"].Value;
        string role = match.Groups["part"].Value;
        bool isKnown = int.TryParse(match.Groups["index"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            && order.TryGetValue(component, out string[]? parameters)
            && index < parameters.Length;
        return (role, component, isKnown ? order[component][index] : null);
    }

    /// <summary>Refuses files whose metadata lists other containers than these.</summary>
    /// <exception cref="FormatException">It lists another.</exception>
    public static void Check(IReadOnlyDictionary<string, string> metadata)
    {
        foreach (string component in new[] { ComponentNames.UNet, ComponentNames.TextEncoder })
        {
            if (!metadata.TryGetValue(component, out string? json)) continue;
            string?[] containers;
            try
            {
                containers = JsonSerializer.Deserialize(json, PlainJson.Default.StringArray) ?? [];
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
            {
                throw new FormatException($"The metadata '{component}' is not a list of names.", e);
            }

            if (containers.Select(c => c ?? "null").FirstOrDefault(c => !s_containers.Contains(c)) is { } other)
                throw new FormatException($"It numbers the modules of '{other}' too; known are {string.Join(", ", s_containers)}.");
        }
    }

    [GeneratedRegex(@"^(?<component>unet|text_encoder):(?<index>[0-9]+):(?<part>up|down)$")]
    private static partial Regex Key();
}
