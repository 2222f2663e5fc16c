using System.Text.RegularExpressions;

namespace LatentDiffusion.Checkpoints;

/// <summary>A name in a LoRA file, split into the module and the tensor of the module's patch.</summary>
/// <param name="Component">Network that the module belongs to.</param>
/// <param name="Module">The module, with underscores instead of dots, so that all naming conventions agree.</param>
/// <param name="Role">Tensor of the module's patch.</param>
internal sealed record LoraKey(string Component, string Module, LoraKey.Part Role)
{
    /// <summary>
    /// peft: <c>.lora_A.weight</c>, sometimes with an adapter's name before the dot; diffusers before peft: <c>.lora.down.weight</c>,
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

    /// <summary>Role of a tensor in its patch.</summary>
    public enum Part
    {
        /// <summary>Projects the inputs to the rank.</summary>
        Down,

        /// <summary>Projects the rank to the outputs.</summary>
        Up,

        /// <summary>The kernel between both.</summary>
        Mid,

        /// <summary>The trained strength.</summary>
        Alpha,
    }

    /// <summary>Parses a name of peft, of diffusers before peft, or of kohya; null for any other name.</summary>
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
        // A key without the prefix of a component belongs to the first. Longer prefixes are tried first.
        (string prefix, string component) = components
            .SelectMany(known => known.Prefixes.Prepend($"{known.Name}.").Select(beginning => (Prefix: beginning, known.Name)))
            .Where(known => path.StartsWith(known.Prefix, StringComparison.Ordinal))
            .OrderByDescending(known => known.Prefix.Length)
            .FirstOrDefault(("", components[0].Name));
        string module = path[prefix.Length..].Replace(".processor.", ".", StringComparison.Ordinal).Replace('.', '_');
        return new LoraKey(component, module, role);
    }
}
