using System.CommandLine;
using System.Globalization;
using LatentDiffusion.Schedulers;

namespace LatentDiffusion.Samples;

/// <summary>Command-line options for the settings of a request, with the library's ranges.</summary>
internal sealed class RequestOptions
{
    public Option<string> Negative { get; } = new("--negative", "--negative-prompt")
    {
        Description = "What the image does not show.", DefaultValueFactory = _ => "",
    };

    public Option<int?> Steps { get; } = For("--steps", RequestSettings.Steps, $"Sampling steps, {RequestSettings.Steps.Range}.");

    public Option<double?> Guidance { get; } = For(
        "--guidance", RequestSettings.GuidanceScale,
        $"How closely to follow the prompt, {RequestSettings.GuidanceScale.Range}; 1 disables guidance.");

    public Option<double?> ImageGuidance { get; } = For(
        "--image-guidance", RequestSettings.ImageGuidanceScale,
        $"How closely an InstructPix2Pix model follows the image, {RequestSettings.ImageGuidanceScale.Range}; 1.5 if omitted.");

    public Option<double?> Eta { get; } = For(
        "--eta", RequestSettings.Eta, $"Stochasticity of the ddim and tcd schedulers, {RequestSettings.Eta.Range}.");

    public Option<double?> Churn { get; } = new("--churn")
    {
        Description = "Noise that the euler schedulers add back over all steps, at least 0.",
    };

    public Option<double?> Mu { get; } = For(
        "--mu", RequestSettings.Mu, $"Shift of schedulers with dynamic shifting, {RequestSettings.Mu.Range}. From the size if omitted.");

    public Option<double[]> Timesteps { get; } =
        List("--timesteps", "Timesteps in place of --steps, descending, for example 999,749,499,249.");

    public Option<double[]> Sigmas { get; } = List("--sigmas", "Noise levels in place of --steps, descending, for example 14.6,2.9,0.5.");

    public Option<ulong?> Seed { get; } =
        For("--seed", RequestSettings.Seed, "The same seed gives the same image. Drawn at random where not given.");

    public Option<int?> ImageCount { get; } = For(
        "--count", RequestSettings.ImageCount,
        $"Number of images, {RequestSettings.ImageCount.Range}; {RequestSettings.ImageCount.Default} where not given.");

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

    /// <summary>An option that takes numbers with commas between them.</summary>
    private static Option<double[]> List(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            var numbers = new List<double>();
            foreach (string text in result.Tokens.SelectMany(t => t.Value.Split(',')))
            {
                if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)) numbers.Add(number);
                else result.AddError($"{name} has '{text}'; expected numbers with commas between them, for example 999,749.5.");
            }

            return [.. numbers];
        },
    };

    /// <summary>The request that the options describe, without images.</summary>
    public GenerationRequest Read(ParseResult parsed, string prompt) => new()
    {
        Prompt = prompt,
        NegativePrompt = parsed.GetValue(Negative)!,
        Steps = parsed.GetValue(Steps),
        GuidanceScale = parsed.GetValue(Guidance),
        ImageGuidanceScale = parsed.GetValue(ImageGuidance),
        Timesteps = parsed.GetValue(Timesteps) is { Length: > 0 } timesteps ? timesteps : null,
        Sigmas = parsed.GetValue(Sigmas) is { Length: > 0 } sigmas ? sigmas : null,
        Eta = parsed.GetValue(Eta),
        Churn = parsed.GetValue(Churn) is { } churn ? new ChurnOptions(churn) : null,
        Mu = parsed.GetValue(Mu),
        Seed = parsed.GetValue(Seed),
        ImageCount = parsed.GetValue(ImageCount) ?? RequestSettings.ImageCount.Default!.Value,
        Width = parsed.GetValue(Width),
        Height = parsed.GetValue(Height),
        Strength = parsed.GetValue(Strength),
    };
}
