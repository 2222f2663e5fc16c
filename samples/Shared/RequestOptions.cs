using System.CommandLine;
using System.Globalization;

namespace LatentDiffusion.Samples;

/// <summary>Command-line options for the settings of a request, with the library's ranges.</summary>
internal sealed class RequestOptions
{
    public Option<string> Negative { get; } = new("--negative")
    {
        Description = "What the image does not show.", DefaultValueFactory = _ => "",
    };

    public Option<int?> Steps { get; } = For("--steps", RequestSettings.Steps, $"Sampling steps, {RequestSettings.Steps.Range}.");

    public Option<double?> Guidance { get; } = For(
        "--guidance", RequestSettings.GuidanceScale,
        $"How closely to follow the prompt, {RequestSettings.GuidanceScale.Range}; 1 is no guidance.");

    public Option<ulong?> Seed { get; } =
        For("--seed", RequestSettings.Seed, "The same seed gives the same image. Drawn at random where not given.");

    public Option<int?> Count { get; } = For(
        "--count", RequestSettings.Count,
        $"Number of images, {RequestSettings.Count.Range}; {RequestSettings.Count.Default} where not given.");

    public Option<int?> Width { get; } = new("--width")
    {
        Description = "Width in pixels, a multiple of 8. That of --image, or the model's, where not given.",
    };

    public Option<int?> Height { get; } = new("--height") { Description = "Height in pixels, a multiple of 8." };

    public Option<double?> Strength { get; } = For(
        "--strength", RequestSettings.Strength,
        string.Create(
            CultureInfo.InvariantCulture,
            $"How much of --image is generated again, {RequestSettings.Strength.Range}; {RequestSettings.Strength.Default} if omitted."));

    /// <summary>An option that takes the values of a setting.</summary>
    public static Option<T?> For<T>(string name, RequestSetting<T> setting, string description)
        where T : struct, IComparable<T>, IFormattable, IParsable<T>
    {
        var option = new Option<T?>(name) { Description = description };
        option.Validators.Add(result =>
        {
            try
            {
                if (setting.Range is { } range && result.GetValueOrDefault<T?>() is { } value && !range.Contains(value))
                    result.AddError($"{name} is {result.Tokens[0].Value}; expected {range}.");
            }
            catch (InvalidOperationException)
            {
                // Not a number, which is an error already.
            }
        });
        return option;
    }

    /// <summary>The request that the options describe, without images.</summary>
    public GenerationRequest Read(ParseResult parsed, string prompt) => new()
    {
        Prompt = prompt,
        NegativePrompt = parsed.GetValue(Negative)!,
        Steps = parsed.GetValue(Steps),
        GuidanceScale = parsed.GetValue(Guidance),
        Seed = parsed.GetValue(Seed),
        Count = parsed.GetValue(Count) ?? RequestSettings.Count.Default!.Value,
        Width = parsed.GetValue(Width),
        Height = parsed.GetValue(Height),
        Strength = parsed.GetValue(Strength),
    };
}
