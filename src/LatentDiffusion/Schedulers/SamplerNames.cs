using System.Diagnostics.CodeAnalysis;

namespace LatentDiffusion;

/// <summary>
/// The names of samplers in other programs: Stable Diffusion web UI (<c>DPM++ 2M Karras</c>, <c>Euler a</c>), ComfyUI (<c>dpmpp_2m</c> with
/// <c>karras</c>), InvokeAI (<c>dpmpp_2m_k</c>) and the classes of diffusers. Translates them to the schedulers of this library and back. A
/// schedule that spaces timesteps evenly (<c>normal</c>, <c>sgm_uniform</c>, <c>simple</c>) is ignored for flow-matching models, whose
/// schedulers always do so.
/// </summary>
public static class SamplerNames
{
    private const string Automatic = "Automatic";

    /// <summary>The scheduler of a sampler.</summary>
    /// <param name="sampler">Name of the sampler, in any case; the web UI's older names end in the schedule.</param>
    /// <param name="schedule">
    /// Name of the noise schedule, in any case; null or empty for that of the model, <c>Automatic</c> for the web UI's choice.
    /// </param>
    /// <exception cref="NotSupportedException">The library has no such sampler or schedule; the message names it.</exception>
    public static KnownScheduler Get(string sampler, string? schedule = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(sampler);
        if (TryGet(sampler, schedule, out KnownScheduler? scheduler)) return scheduler;
        string with = string.IsNullOrEmpty(schedule) ? "" : $" with the schedule '{MessageText.Truncate(schedule, 100)}'";
        throw new NotSupportedException(
            $"There is no scheduler for the sampler '{MessageText.Truncate(sampler, 100)}'{with}; "
            + $"expected one of {string.Join(", ", SamplerTable.Rows.SelectMany(row => row.WebUI))}, or its name in another program.");
    }

    /// <summary>Finds the scheduler of a sampler.</summary>
    /// <param name="sampler">Name of the sampler, in any case; the web UI's older names end in the schedule.</param>
    /// <param name="schedule">
    /// Name of the noise schedule, in any case; null or empty for that of the model, <c>Automatic</c> for the web UI's choice.
    /// </param>
    /// <param name="scheduler">The scheduler.</param>
    /// <returns>Whether the library has it.</returns>
    public static bool TryGet(string? sampler, string? schedule, [NotNullWhen(true)] out KnownScheduler? scheduler)
    {
        scheduler = null;
        if (string.IsNullOrEmpty(sampler)) return false;
        bool chooses = Automatic.Equals(schedule, StringComparison.OrdinalIgnoreCase);
        string? spacing = null;
        if (!chooses && !string.IsNullOrEmpty(schedule) && (spacing = Spacing(schedule)) is null) return false;
        if (Find(sampler) is { } row)
        {
            scheduler = Apply(row.Scheduler, spacing ?? (chooses ? row.Automatic : null));
            return scheduler is not null;
        }

        // DPM++ 2M Karras, dpmpp_2m_k
        int end = sampler.LastIndexOfAny([' ', '_']);
        if (end > 0 && spacing is null && Spacing(sampler[(end + 1)..]) is { } last && Find(sampler[..end]) is { } first)
            scheduler = Apply(first.Scheduler, last);
        else if (KnownSchedulers.TryGet(sampler, out KnownScheduler? known))
            scheduler = Apply(known, spacing);
        return scheduler is not null;
    }

    /// <summary>The name of a scheduler in another program.</summary>
    /// <param name="scheduler">The scheduler.</param>
    /// <param name="program">The program.</param>
    /// <returns>The name; null if the program does not have it.</returns>
    public static SamplerName? For(KnownScheduler scheduler, SamplerProgram program)
    {
        ArgumentNullException.ThrowIfNull(scheduler);
        if (program == SamplerProgram.Diffusers) return new SamplerName(scheduler.ClassName);
        foreach (SamplerTable row in SamplerTable.Rows)
        {
            if (row.In(program) is not [var name, ..]) continue;
            if (row.Scheduler.Name == scheduler.Name) return new SamplerName(name);
            foreach ((string spacing, string webUI, string comfyUI, _) in SamplerTable.Spacings)
            {
                if (NamedSpacing.Apply(row.Scheduler, spacing)?.Name != scheduler.Name) continue;
                return program switch
                {
                    SamplerProgram.WebUI => new SamplerName(name, webUI),
                    SamplerProgram.ComfyUI => new SamplerName(name, comfyUI),
                    SamplerProgram.InvokeAI when spacing == NamedSpacing.Karras => new SamplerName($"{name}_k"),
                    _ => null,
                };
            }
        }

        return null;
    }

    /// <summary>The samplers of a program that the library has, as the program names them.</summary>
    /// <param name="program">The program; <see cref="SamplerProgram.Diffusers"/> gives class names.</param>
    public static IReadOnlyList<string> SamplersOf(SamplerProgram program) => program == SamplerProgram.Diffusers
        ? [.. SamplerTable.Rows.Select(row => row.Scheduler.ClassName).Distinct()]
        : [.. SamplerTable.Rows.Select(row => row.In(program)).Where(names => names.Count > 0).Select(names => names[0])];

    /// <summary>The noise schedules of a program that the library has, as the program names them.</summary>
    /// <param name="program">The program; only the web UI and ComfyUI name schedules, for others there are none.</param>
    public static IReadOnlyList<string> SchedulesOf(SamplerProgram program) => program switch
    {
        SamplerProgram.WebUI => [Automatic, .. SamplerTable.Spacings.Select(s => s.WebUI)],
        SamplerProgram.ComfyUI => [.. SamplerTable.Spacings.Select(s => s.ComfyUI)],
        _ => [],
    };

    private static SamplerTable? Find(string sampler) =>
        SamplerTable.Rows.FirstOrDefault(row => row.Names.Contains(sampler, StringComparer.OrdinalIgnoreCase));

    private static string? Spacing(string schedule) => SamplerTable.Spacings.FirstOrDefault(
        s => s.More.Append(s.WebUI).Append(s.ComfyUI).Contains(schedule, StringComparer.OrdinalIgnoreCase)).Spacing;

    /// <summary>
    /// The scheduler with a spacing; null if it has no such noise levels. Even spacing is the only one of schedulers without the option.
    /// </summary>
    private static KnownScheduler? Apply(KnownScheduler scheduler, string? spacing) => spacing is null
        ? scheduler
        : NamedSpacing.Apply(scheduler, spacing)
            ?? (spacing is NamedSpacing.Karras or NamedSpacing.Exponential or NamedSpacing.Beta ? null : scheduler);
}
