namespace LatentDiffusion.Judge;

/// <summary>Steps that a scheduler makes of a number of evaluations: methods with inner stages make fewer.</summary>
internal static class StepBudget
{
    /// <returns>The most steps that take no more evaluations; null where not even one step does, or where the scheduler refuses the model.</returns>
    public static int? Of(KnownScheduler known, SchedulerConfig model, int evaluations)
    {
        for (int steps = evaluations; steps >= 1; steps--)
        {
            try
            {
                SamplingPlan plan = known.Create(model).Plan(new SamplingOptions { Steps = steps }, new LatentShape(4, 64, 64));
                if (plan.Evaluations <= evaluations) return steps;
            }
            catch (ArgumentException)
            {
                // Too few steps for its order; the model's kind is refused at every number.
            }
        }

        return null;
    }
}
