using System.Text.RegularExpressions;

namespace LatentDiffusion.Checkpoints;

/// <summary>A name in a LoRA file: what of which module it holds.</summary>
/// <param name="Component">Network that the module belongs to.</param>
/// <param name="Module">The module, with underscores for dots, so that all ways of writing agree.</param>
/// <param name="Role">Which tensor of the module's patch.</param>
internal sealed record LoraKey(string Component, string Module, LoraKey.Part Role)
{
    /// <summary>
    /// peft: <c>.lora_A.weight</c>, with an adapter's name between for some; diffusers before it: <c>.lora.down.weight</c>,
    /// <c>.processor.to_q_lora.down.weight</c>, <c>.lora_linear_layer.down.weight</c>; kohya: <c>.lora_down.weight</c>.
    /// </summary>
    // Names come from files, so the pattern matches in linear time.
    private static readonly Regex s_name = new(
        """
        ^(base_model\.model\.)?
        (?<module>.+?)
        ( \.lora_(?<part>A|B)(\.\w+)?\.weight
        | \.lora_(?<part>down|up|mid)\.weight
        | (\.lora|_lora|\.lora_linear_layer)\.(?<part>down|up|mid)\.weight
        | (\.lora|_lora|\.lora_linear_layer)?\.(?<part>alpha)
        )$
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.NonBacktracking);

    /// <summary>What a tensor is to its patch.</summary>
    public enum Part
    {
        /// <summary>Leads in.</summary>
        Down,

        /// <summary>Leads out.</summary>
        Up,

        /// <summary>Stands between both.</summary>
        Mid,

        /// <summary>The strength as trained.</summary>
        Alpha,
    }

    /// <summary>Reads a name in the way of peft, of diffusers before it, or of kohya; null where it is none of them.</summary>
    /// <param name="name">The name.</param>
    /// <param name="components">The components of the family, at least one.</param>
    public static LoraKey? Parse(string name, IReadOnlyList<LoraComponent> components)
    {
        Match match = s_name.Match(name);
        if (!match.Success) return null;
        Part role = match.Groups["part"].Value switch
        {
            "down" or "A" => Part.Down,
            "up" or "B" => Part.Up,
            "mid" => Part.Mid,
            _ => Part.Alpha,
        };
        string path = match.Groups["module"].Value;
        // A key that marks no component means the first. Longer beginnings go before those that they begin with.
        (string prefix, string component) = components
            .SelectMany(known => known.Prefixes.Prepend($"{known.Name}.").Select(beginning => (Prefix: beginning, known.Name)))
            .Where(known => path.StartsWith(known.Prefix, StringComparison.Ordinal))
            .OrderByDescending(known => known.Prefix.Length)
            .FirstOrDefault(("", components[0].Name));
        string module = path[prefix.Length..].Replace(".processor.", ".", StringComparison.Ordinal).Replace('.', '_');
        return new LoraKey(component, module, role);
    }
}
