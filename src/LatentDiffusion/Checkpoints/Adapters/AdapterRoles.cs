namespace LatentDiffusion.Checkpoints;

/// <summary>Roles of tensors in adapter files that several kinds of adapters share. Other roles are the published ends of names.</summary>
internal static class AdapterRoles
{
    /// <summary>Projects the inputs to the rank.</summary>
    public const string Down = "down";

    /// <summary>Projects the rank to the outputs.</summary>
    public const string Up = "up";

    /// <summary>The kernel between both (Tucker decomposition).</summary>
    public const string Mid = "mid";

    /// <summary>The trained strength α.</summary>
    public const string Alpha = "alpha";

    /// <summary>A factor in place of α/rank.</summary>
    public const string Scale = "scale";

    /// <summary>A further trained factor.</summary>
    public const string Scalar = "scalar";

    /// <summary>The lengths of DoRA, of rows or of columns.</summary>
    public const string DoraScale = "dora_scale";

    /// <summary>The lengths of DoRA as peft names them, always of rows.</summary>
    public const string Magnitude = "lora_magnitude_vector";

    /// <summary>The factors of (IA)³.</summary>
    public const string Ia3Weight = "weight";

    /// <summary>Whether (IA)³ multiplies inputs.</summary>
    public const string OnInput = "on_input";

    /// <summary>Roles of a module's bias; all others are of its weight.</summary>
    public static bool IsOfBias(string role) => role is FullDifference.Bias or FullDifference.NormBias;
}
