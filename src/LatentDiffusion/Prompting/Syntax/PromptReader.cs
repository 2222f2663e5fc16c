using System.Globalization;
using System.Text.RegularExpressions;

namespace LatentDiffusion.Prompting;

/// <summary>Reads the prompts of requests.</summary>
/// <param name="options">The notations that prompts may have in addition to those of the text encoder; null for none.</param>
internal sealed partial class PromptReader(PromptSyntaxOptions? options)
{
    /// <summary>Each part is evaluated at every step.</summary>
    private const int MaximumParts = 64;

    /// <summary>Reads prompts as they are.</summary>
    public static PromptReader Plain { get; } = new(null);

    /// <summary>Whether prompts may have further notations.</summary>
    public bool HasSyntax => options is not null;

    /// <summary>A prompt without its comments.</summary>
    public string WithoutComments(string prompt) => options is not { Comments: true } ? prompt
        : Comments.Replace(prompt, match => match.Value[0] == '#' ? "" : match.Value);

    /// <summary>The prompts of a complete request.</summary>
    /// <exception cref="ArgumentException">A prompt asks for something that the text encoder cannot do; the message names it.</exception>
    public RequestPrompts Read(GenerationRequest request, PipelineComponents components)
    {
        bool reads = options is not null;
        PassSteps[] passes = reads ? Passes(request) : [];
        return new RequestPrompts(
            Read(request.Prompt, nameof(request.Prompt), reads && request.PromptEmbeds is null, composes: true),
            Read(request.NegativePrompt, nameof(request.NegativePrompt), reads && request.NegativePromptEmbeds is null, composes: false));

        PromptTimeline Read(string prompt, string name, bool isRead, bool composes) => isRead
            ? this.Read(TextOf(prompt, name, components), name, passes, composes && options!.Composition)
            : PromptTimeline.Constant(prompt);
    }

    /// <summary>The text of a prompt outside of a generation.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="components">Components of the pipeline.</param>
    /// <exception cref="ArgumentException">It changes from step to step or is composed.</exception>
    public string ReadConstant(string prompt, string name, PipelineComponents components)
    {
        if (options is null) return prompt;
        // Whatever changes in a pass of the most steps.
        PassSteps pass = new(RequestSettings.Steps.Range!.Maximum, null);
        PromptTimeline timeline = Read(TextOf(prompt, name, components), name, [pass], options.Composition);
        RequestValidator.Check(timeline.IsConstant, name, "of several texts", "one text in all steps, without AND");
        return timeline.Texts[0];
    }

    /// <summary>A text of a timeline as an encoder reads it: those that read weights read escapes themselves.</summary>
    public string ForEncoder(string text, ITextEncoder encoder) =>
        options is null || encoder.Prompting is { Weights: true } ? text : Escapes.Replace(text, "$1");

    /// <summary>The prompt without what features read and without comments.</summary>
    private string TextOf(string prompt, string name, PipelineComponents components)
    {
        string text = components.Features.Aggregate(WithoutComments(prompt), (one, feature) => feature.ReadPrompt(one));
        ITextEncoder encoder = components.TextEncoder;
        RequestValidator.Check(
            encoder.Prompting is { Weights: true } || !Breaks.IsMatch(text), name, "with BREAK",
            encoder.Prompting is null
                ? $"none, for {encoder.GetType().Name} does not read prompts in chunks"
                : $"none without {nameof(PromptWeightingBuilderExtensions.UsePromptWeighting)}");
        return text;
    }

    /// <summary>What a text says in the steps of each pass.</summary>
    /// <param name="text">The text, without comments.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="passes">The passes.</param>
    /// <param name="composes">Whether AND composes it.</param>
    public PromptTimeline Read(string text, string name, PassSteps[] passes, bool composes)
    {
        string[] parts = composes ? Conjunctions.Split(text) : [text];
        RequestValidator.Check(parts.Length <= MaximumParts, name, $"of {parts.Length} parts with AND", $"at most {MaximumParts}");
        (double Weight, string Text)[] weighted = parts.Length == 1 ? [(1, text)] : [.. parts.Select(Weighted)];
        // Parts without a weight do not change the sum.
        if (weighted.Any(p => p.Weight != 0)) weighted = [.. weighted.Where(p => p.Weight != 0)];
        return new PromptTimeline([.. weighted.Select(p => (
            p.Weight,
            (IReadOnlyList<PromptSchedule>)[.. passes.Select(pass => PromptSchedule.Parse(p.Text, pass.Steps, pass.Before, options!))]))]);
    }

    /// <summary>A part of a composed prompt: its text, and the weight after a last colon.</summary>
    private static (double Weight, string Text) Weighted(string part)
    {
        Match match = Weights.Match(part);
        if (!match.Success) return (1, part.Trim());
        double weight = double.Parse(match.Groups["weight"].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture);
        return (Math.Clamp(weight, -WeightedPrompt.MaximumWeight, WeightedPrompt.MaximumWeight), match.Groups["text"].Value.Trim());
    }

    private static PassSteps[] Passes(GenerationRequest request)
    {
        int first = RequestSampling.StepsOf(request);
        return StartValidator.SecondPass(request) is { } second
            ? [new(first, null), new(RequestSampling.StepsOf(second), first)]
            : [new(first, null)];
    }

    [GeneratedRegex(@"\\.|#[^\n]*", RegexOptions.Singleline)]
    private static partial Regex Comments { get; }

    [GeneratedRegex(@"\\(.)", RegexOptions.Singleline)]
    private static partial Regex Escapes { get; }

    [GeneratedRegex(@"\bAND\b")]
    private static partial Regex Conjunctions { get; }

    [GeneratedRegex(@"\bBREAK\b")]
    private static partial Regex Breaks { get; }

    [GeneratedRegex(@"^(?<text>.*?)\s*:\s*(?<weight>[-+]?([0-9]+\.?[0-9]*|\.[0-9]+))\s*$", RegexOptions.Singleline)]
    private static partial Regex Weights { get; }
}
