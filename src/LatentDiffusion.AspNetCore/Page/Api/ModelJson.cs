namespace LatentDiffusion.AspNetCore.Page;

/// <summary>The models that workers offer, and the settings that requests for them may have.</summary>
/// <param name="Caller">Name of the caller; empty without authentication.</param>
/// <param name="Models">Names, the default one first.</param>
/// <param name="Settings">Settings that are texts or numbers.</param>
/// <param name="Images">Names of the settings that are images.</param>
/// <param name="Schedulers">Short names of all schedulers; a model may not run with some.</param>
internal sealed record ModelListJson(
    string Caller, IReadOnlyList<string> Models, IReadOnlyList<SettingJson> Settings, IReadOnlyList<string> Images,
    IReadOnlyList<string> Schedulers);

/// <summary>A model. Except for the name, everything is unknown where only other machines have it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Steps">Its default number of steps.</param>
/// <param name="GuidanceScale">Its default guidance scale.</param>
/// <param name="Size">Width and height that it was trained on, in pixels.</param>
/// <param name="SizeMultiple">Width and height are multiples of this.</param>
/// <param name="Schedulers">Short names of the schedulers that it runs with.</param>
internal sealed record ModelJson(
    string Name, int? Steps, double? GuidanceScale, int? Size, int? SizeMultiple, IReadOnlyList<string>? Schedulers)
{
    public static ModelJson Create(string name, DiffusionModel? model)
    {
        if (model is null) return new ModelJson(name, null, null, null, null, null);
        int factor = model.Autoencoder.DownsamplingFactor;
        return new ModelJson(
            name, model.Steps ?? RequestSettings.Steps.Default, model.GuidanceScale ?? RequestSettings.GuidanceScale.Default,
            model.SampleSize * factor, factor * model.Denoiser.Description.PatchSize,
            [.. KnownSchedulers.All.Where(s => Fits(s, model)).Select(s => s.Name)]);
    }

    private static bool Fits(KnownScheduler scheduler, DiffusionModel model)
    {
        try
        {
            scheduler.Create(model.SchedulerConfig);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}

/// <summary>A setting of a request.</summary>
/// <param name="Key">Its name in requests and metadata.</param>
/// <param name="Type"><c>integer</c>, <c>number</c> (of a time, seconds), or <c>text</c>, which may be JSON.</param>
/// <param name="Minimum">The smallest value.</param>
/// <param name="ExclusiveMinimum">The number below all values, in place of a smallest one.</param>
/// <param name="Maximum">The largest value.</param>
/// <param name="Default">The value where neither request nor model has one.</param>
internal sealed record SettingJson(
    string Key, string Type, object? Minimum, object? ExclusiveMinimum, object? Maximum, object? Default)
{
    public static SettingJson Create(RequestSetting setting, LatentDiffusionServerOptions limits) => setting switch
    {
        RequestSetting<int> count when count == RequestSettings.ImageCount =>
            Create(count, "integer") with { Maximum = limits.MaximumImages },
        RequestSetting<int> whole => Create(whole, "integer"),
        RequestSetting<ulong> seed => Create(seed, "integer"),
        RequestSetting<double> number => Create(number, "number"),
        RequestSetting<TimeSpan> => new SettingJson(
            setting.Key, "number", null, 0, RequestSettings.TimeLimit.Range!.Maximum.TotalSeconds, null),
        _ => new SettingJson(setting.Key, "text", null, null, null, null),
    };

    private static SettingJson Create<T>(RequestSetting<T> setting, string type)
        where T : struct, IComparable<T>, IFormattable, IParsable<T>
    {
        SettingRange<T>? range = setting.Range;
        object? minimum = range?.Minimum, maximum = range?.Maximum;
        bool exclusive = range?.ExcludesMinimum is true;
        return new SettingJson(setting.Key, type, exclusive ? null : minimum, exclusive ? minimum : null, maximum, setting.Default);
    }
}
