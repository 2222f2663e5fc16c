using System.Text.RegularExpressions;

namespace LatentDiffusion.Checkpoints;

/// <summary>A name in an adapter file, split into the module and the role of the tensor.</summary>
/// <param name="Component">Network that the module belongs to.</param>
/// <param name="Module">The module, with underscores instead of dots, so that all naming conventions agree.</param>
/// <param name="Role">Role of the tensor: one of <see cref="AdapterRoles"/>, or of <see cref="AdapterKind.Roles"/>.</param>
internal sealed record LoraKey(string Component, string Module, string Role)
{
    /// <summary>
    /// peft: <c>.lora_A.weight</c>, sometimes with an adapter's name before the dot; diffusers before peft: <c>.lora.down.weight</c>,
    /// <c>.processor.to_q_lora.down.weight</c>, <c>.lora_linear_layer.down.weight</c>; kohya: <c>.lora_down.weight</c>; LyCORIS: other
    /// kinds of adapters.
    /// </summary>
    // Names come from files, so the pattern matches in linear time.
    private static readonly Regex s_name = new(
        """
        ^(base_model\.model\.)?
        (?<module>.+?)
        ( \.lora_(?<role>A|B)(\.\w+)?\.weight
        | \.lora_(?<role>down|up|mid)\.weight
        | (\.lora|_lora|\.lora_linear_layer)\.(?<role>down|up|mid)\.weight
        | (\.lora|_lora|\.lora_linear_layer)?\.(?<role>alpha|scale|scalar)
        | \.(?<role>lora_magnitude_vector)(\.\w+)?(\.weight)?
        | \.(?<role>dora_scale|hada_w[12]_[ab]|hada_t[12]|lokr_w[12](_[ab])?|lokr_t2|oft_blocks|oft_diag|rescale)
        | \.(?<role>diff|diff_b|w_norm|b_norm|weight|on_input)
        )$
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.NonBacktracking);

    /// <summary>Parses a name of peft, of diffusers before peft, of kohya or of LyCORIS; null for any other name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="components">The components of the family, at least one.</param>
    public static LoraKey? Parse(string name, IReadOnlyList<LoraComponent> components)
    {
        Match match = s_name.Match(name);
        if (!match.Success) return null;
        string role = match.Groups["role"].Value switch
        {
            "A" => AdapterRoles.Down,
            "B" => AdapterRoles.Up,
            { } other => other,
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
