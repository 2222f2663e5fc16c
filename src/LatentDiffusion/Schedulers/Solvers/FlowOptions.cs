namespace LatentDiffusion.Schedulers;

/// <summary>The flow-matching options of the exponential integrators.</summary>
/// <param name="Enabled">Whether noise levels are those of a flow.</param>
/// <param name="Shift">The shift, where it is not dynamic.</param>
/// <param name="Dynamic">How the shift follows from the size of the latents; null where it does not.</param>
/// <param name="Exponential">Whether μ is an exponent rather than the shift itself.</param>
internal sealed record FlowOptions(bool Enabled, double Shift, DynamicShift? Dynamic, bool Exponential)
{
    /// <summary>Reads the flow options.</summary>
    public static FlowOptions Read(OptionReader options, params string[] moreShiftTypes)
    {
        bool enabled = options.Bool("use_flow_sigmas", false);
        double shift = options.Double("flow_shift", 1);
        // The published classes have the switch but not the numbers: pipelines read those from the configuration.
        DynamicShift? dynamic = options.Bool("use_dynamic_shifting", false) ? DynamicShift.Read(options).Checked() : null;
        string type = options.Choice("time_shift_type", "exponential", ["exponential", .. moreShiftTypes], "linear");
        return new FlowOptions(enabled, shift, dynamic, type == "exponential");
    }

    /// <summary>Rejects a rule whose levels are not those of a flow.</summary>
    public void CheckRule(SigmaRule rule)
    {
        if (Enabled && rule != SigmaRule.Training)
            throw new ArgumentException($"use_flow_sigmas does not go with the {rule} spacing of noise levels.");
    }

    /// <summary>Levels from near 1 down, without the final 0.</summary>
    public double[] Sigmas(SamplingOptions options, int trainingTimesteps)
    {
        double shift = options.Mu is { } mu ? Math.Exp(mu) : Shift;
        if (options.Sigmas is { } given) return [.. given.Select(s => FlowShift.Apply(shift, s))];
        double[] clean = Grids.Linspace(1, 1.0 / trainingTimesteps, options.Steps + 1)[1..];
        return [.. clean.Select(share => FlowShift.Apply(shift, 1 - share)).Reverse()];
    }
}
