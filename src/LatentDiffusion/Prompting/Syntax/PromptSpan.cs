namespace LatentDiffusion.Prompting;

/// <summary>A part of a prompt whose text may depend on the step.</summary>
internal abstract record PromptSpan
{
    /// <summary>The text in a step, counted from 1.</summary>
    public abstract string At(int step, PassSteps pass);

    /// <summary>The last steps before the text may change.</summary>
    public abstract IEnumerable<int> Ends(PassSteps pass);

    /// <summary>The same text in all steps.</summary>
    public sealed record Constant(string Text) : PromptSpan
    {
        public override string At(int step, PassSteps pass) => Text;

        public override IEnumerable<int> Ends(PassSteps pass) => [];
    }

    /// <summary>A change at a step.</summary>
    public sealed record Edited(IReadOnlyList<PromptSpan> Before, IReadOnlyList<PromptSpan> After, string When) : PromptSpan
    {
        public override string At(int step, PassSteps pass) =>
            PromptSchedule.TextOf(step <= pass.LastBefore(When) ? Before : After, step, pass);

        public override IEnumerable<int> Ends(PassSteps pass) =>
            Before.Concat(After).SelectMany(span => span.Ends(pass)).Append(pass.LastBefore(When));
    }

    /// <summary>The next text at each step.</summary>
    public sealed record Alternating(IReadOnlyList<IReadOnlyList<PromptSpan>> Texts) : PromptSpan
    {
        public override string At(int step, PassSteps pass) => PromptSchedule.TextOf(Texts[(step - 1) % Texts.Count], step, pass);

        public override IEnumerable<int> Ends(PassSteps pass) => Enumerable.Range(1, pass.Steps);
    }
}
