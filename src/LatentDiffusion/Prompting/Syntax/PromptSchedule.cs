namespace LatentDiffusion.Prompting;

/// <summary>
/// The texts of a prompt in the steps of a pass, in the notation of Stable Diffusion web UI. <c>[from:to:when]</c> is <c>from</c> up to a
/// step and then <c>to</c>; <c>[to:when]</c> and <c>[from::when]</c> leave one of them empty. <c>when</c> with a decimal point is a
/// fraction of the steps, and without one a number of steps. <c>[a|b|c]</c> takes the next text at every step. All of them nest. As
/// there, <c>[word]</c> and brackets that fit none of these stay text, with all that does not fit around them. Immutable.
/// </summary>
public sealed class PromptSchedule
{
    private PromptSchedule(IReadOnlyList<PromptScheduleEntry> entries) => Entries = entries;

    /// <summary>The texts in order, at least one. The last one is for the last step.</summary>
    public IReadOnlyList<PromptScheduleEntry> Entries { get; }

    /// <summary>Reads a prompt. Any text is one.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="steps">Number of steps of the pass, at least 1.</param>
    /// <param name="firstPassSteps">
    /// For a second pass (<see cref="GenerationRequest.Upscale"/>), the number of steps of the first: its steps are counted from there,
    /// and fractions from 1 to 2 are its own. Null, the default, for a first pass.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A number of steps is less than 1.</exception>
    public static PromptSchedule Parse(string prompt, int steps, int? firstPassSteps = null) =>
        Parse(prompt, steps, firstPassSteps, new PromptSyntaxOptions());

    internal static PromptSchedule Parse(string prompt, int steps, int? firstPassSteps, PromptSyntaxOptions options)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        if (firstPassSteps is { } first) ArgumentOutOfRangeException.ThrowIfLessThan(first, 1, nameof(firstPassSteps));
        var pass = new PassSteps(steps, firstPassSteps);
        PromptSpan[] spans = [.. new PromptSyntaxParser(prompt, options).Parse()];
        IEnumerable<int> ends = spans.SelectMany(s => s.Ends(pass)).Where(end => end >= 1).Append(steps).Distinct().Order();
        return new PromptSchedule([.. ends.Select(end => new PromptScheduleEntry(end, TextOf(spans, end, pass)))]);
    }

    /// <summary>The text in a step.</summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The pass has no such step.</exception>
    public string TextAt(int step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(step, Entries[^1].LastStep);
        return Entries.First(entry => step <= entry.LastStep).Text;
    }

    internal static string TextOf(IEnumerable<PromptSpan> spans, int step, PassSteps pass) =>
        string.Concat(spans.Select(span => span.At(step, pass)));
}
