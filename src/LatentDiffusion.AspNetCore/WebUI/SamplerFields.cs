namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>The sampler of a request.</summary>
/// <param name="Sampler">Its name; null for the pipeline's scheduler.</param>
/// <param name="Schedule">Name of the noise schedule.</param>
/// <param name="Eta">Stochasticity of DDIM; null for the sampler's own.</param>
/// <param name="Churn">Noise that is added back; null for none.</param>
internal sealed record SamplerFields(string? Sampler, string? Schedule, double? Eta, ChurnOptions? Churn)
{
    private const string Automatic = "Automatic", DefaultSampler = "Euler";

    /// <summary>The web UI's η of ancestral samplers, which clients send with any sampler.</summary>
    private const double AncestralEta = 1;

    public static SamplerFields Read(FieldReader fields)
    {
        string? sampler = fields.Text("sampler_name") is { Length: > 0 } name ? name : fields.Text("sampler_index");
        fields.Text("sampler_index");
        string? schedule = fields.Text("scheduler");
        if (string.IsNullOrEmpty(schedule)) schedule = Automatic;
        if (string.IsNullOrEmpty(sampler)) sampler = Automatic.Equals(schedule, StringComparison.OrdinalIgnoreCase) ? null : DefaultSampler;
        KnownScheduler? scheduler = sampler is null ? null : Find(fields, sampler, schedule);
        double? eta = fields.Number("eta", 0, 1);
        bool takesEta = scheduler is not null && (scheduler.ClassName == KnownSchedulers.Ddim.ClassName
            || scheduler.ClassName == KnownSchedulers.Tcd.ClassName);
        if (!takesEta && eta is not (null or AncestralEta))
            fields.Add("eta", $"is only supported with DDIM and TCD; expected {AncestralEta} or null.");
        return new SamplerFields(sampler, sampler is null ? null : schedule, takesEta ? eta : null, ReadChurn(fields));
    }

    private static KnownScheduler? Find(FieldReader fields, string sampler, string schedule)
    {
        if (SamplerNames.TryGet(sampler, schedule, out KnownScheduler? scheduler)) return scheduler;
        if (!SamplerNames.TryGet(sampler, null, out _))
        {
            throw ApiError.NotFound(
                $"Sampler not found: '{MessageText.Truncate(sampler, 100)}'; available are "
                + $"{string.Join(", ", SamplerNames.SamplersOf(SamplerProgram.WebUI))}.");
        }

        fields.Add(
            "scheduler",
            $"'{MessageText.Truncate(schedule, 100)}' is not available with {MessageText.Truncate(sampler, 100)}; expected one of "
            + $"{string.Join(", ", SamplerNames.SchedulesOf(SamplerProgram.WebUI))} that the sampler has.");
        return null;
    }

    /// <summary>The other values only count with churn.</summary>
    private static ChurnOptions? ReadChurn(FieldReader fields)
    {
        double churn = fields.Number("s_churn", 0, 1000, 0)!.Value, minimum = fields.Number("s_tmin", 0, 1e6, 0)!.Value;
        // 0 is no bound in the web UI.
        double maximum = fields.Number("s_tmax", 0, double.MaxValue, 0)!.Value, noise = fields.Number("s_noise", 0, 100, 1)!.Value;
        return churn > 0 ? new ChurnOptions(churn, minimum, maximum > 0 ? maximum : double.PositiveInfinity, noise) : null;
    }
}
