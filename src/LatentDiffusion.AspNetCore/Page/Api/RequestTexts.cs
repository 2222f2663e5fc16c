using System.Globalization;

namespace LatentDiffusion.AspNetCore.Page;

/// <summary>Sets the settings of a request that are texts: prompts, numbers, names and JSON.</summary>
internal static class RequestTexts
{
    private static readonly string s_prompt = Key(nameof(GenerationRequest.Prompt)),
        s_negativePrompt = Key(nameof(GenerationRequest.NegativePrompt)), s_scheduler = Key(nameof(GenerationRequest.SchedulerName));

    // Embeddings do not go over the network, and the prompts of IP-Adapters need both.
    private static readonly string[] s_left =
    [
        Key(nameof(GenerationRequest.PromptEmbeds)), Key(nameof(GenerationRequest.NegativePromptEmbeds)),
        Key(nameof(GenerationRequest.ImagePrompts)), Key(nameof(GenerationRequest.IpAdapterWeights)),
    ];

    /// <summary>The settings.</summary>
    public static IReadOnlyList<RequestSetting> All { get; } =
        [.. RequestSettings.All.Where(s => !s_left.Contains(s.Key) && !RequestImages.Names.Contains(s.Key))];

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(s => s.Key)];

    /// <summary>A request with the settings that are given.</summary>
    /// <exception cref="JobRequestException">The prompt is missing, or a value cannot be read or is out of its range.</exception>
    public static GenerationRequest Read(IReadOnlyDictionary<string, string> texts)
    {
        if (!texts.TryGetValue(s_prompt, out string? prompt)) throw new JobRequestException(s_prompt, $"{s_prompt} is missing.");
        var entries = new Dictionary<string, string> { [s_prompt] = "" };
        foreach (RequestSetting setting in All.Where(s => texts.ContainsKey(s.Key) && IsEntry(s)))
        {
            Check(setting, texts[setting.Key]);
            entries[setting.Key] = texts[setting.Key];
        }

        return GenerationMetadata.ToRequest(entries) with
        {
            Prompt = prompt,
            NegativePrompt = texts.GetValueOrDefault(s_negativePrompt, ""),
            ImageCount = Number(RequestSettings.ImageCount, texts) ?? 1,
            TimeLimit = Number(RequestSettings.TimeLimit, texts),
        };
    }

    /// <summary>Prompts are any text; the others do not belong to a single image.</summary>
    private static bool IsEntry(RequestSetting setting) => setting.Key != s_prompt && setting.Key != s_negativePrompt
        && setting != RequestSettings.ImageCount && setting != RequestSettings.TimeLimit;

    private static void Check(RequestSetting setting, string text)
    {
        switch (setting)
        {
            case RequestSetting<int> whole: Parse(whole, text); break;
            case RequestSetting<ulong> seed: Parse(seed, text); break;
            case RequestSetting<double> number: Parse(number, text); break;
        }

        if (setting.Key == s_scheduler && !KnownSchedulers.TryGet(text, out _))
            throw Wrong(setting, text, $"one of {string.Join(", ", KnownSchedulers.All)}");
        try
        {
            GenerationMetadata.ToRequest(new Dictionary<string, string> { [s_prompt] = "", [setting.Key] = text });
        }
        catch (InvalidDataException)
        {
            throw Wrong(setting, text, "a value as the documentation of its setting shows");
        }
    }

    private static T? Number<T>(RequestSetting<T> setting, IReadOnlyDictionary<string, string> texts)
        where T : struct, IComparable<T>, IFormattable, IParsable<T> =>
        texts.TryGetValue(setting.Key, out string? text) ? Parse(setting, text) : null;

    private static T Parse<T>(RequestSetting<T> setting, string text) where T : struct, IComparable<T>, IFormattable, IParsable<T> =>
        T.TryParse(text, CultureInfo.InvariantCulture, out T value) && setting.Range?.Contains(value) is not false
            ? value
            : throw Wrong(setting, text, setting.Range?.ToString() ?? "a whole number of at most 64 bits");

    private static JobRequestException Wrong(RequestSetting setting, string text, string expected) =>
        new(setting.Key, $"{setting.Key} is '{MessageText.Truncate(text, 100)}'; expected {expected}.");

    private static string Key(string name) => RequestSettings.All.Single(s => s.Name == name).Key;
}
