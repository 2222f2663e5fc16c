namespace LatentDiffusion.Schedulers;

/// <summary>Reads which rule spaces the noise levels.</summary>
internal static class SigmaOptions
{
    /// <summary>
    /// Reads <c>use_karras_sigmas</c>, <c>use_exponential_sigmas</c> and <c>use_beta_sigmas</c>, of which one may be set.
    /// </summary>
    public static SigmaRule ReadRule(OptionReader options)
    {
        bool karras = options.Bool("use_karras_sigmas", false);
        bool exponential = options.Bool("use_exponential_sigmas", false);
        bool beta = options.Bool("use_beta_sigmas", false);
        if ((karras ? 1 : 0) + (exponential ? 1 : 0) + (beta ? 1 : 0) > 1)
            throw new ArgumentException("Only one of use_karras_sigmas, use_exponential_sigmas and use_beta_sigmas may be set.");
        return karras ? SigmaRule.Karras : exponential ? SigmaRule.Exponential : beta ? SigmaRule.Beta : SigmaRule.Training;
    }

    /// <summary>Reads <c>final_sigmas_type</c>: whether the last step ends at the lowest training level instead of 0.</summary>
    public static bool ReadEndsAtMin(OptionReader options) =>
        options.Choice("final_sigmas_type", "zero", ["zero", "sigma_min"]) == "sigma_min";

    /// <summary>Descending levels by one of the rules that need only their ends.</summary>
    public static double[] Space(SigmaRule rule, double max, double min, int count) => rule switch
    {
        SigmaRule.Karras => SigmaSpacing.Karras(max, min, count),
        SigmaRule.Exponential => SigmaSpacing.Exponential(max, min, count),
        SigmaRule.Beta => SigmaSpacing.Beta(max, min, count),
        _ => throw new ArgumentOutOfRangeException(nameof(rule), rule, "This rule needs more than two ends."),
    };
}
