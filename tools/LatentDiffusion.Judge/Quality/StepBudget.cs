namespace LatentDiffusion.Judge;

/// <summary>Number of steps for a number of evaluations: methods with inner stages make fewer steps.</summary>
internal static class StepBudget
{
    /// <returns>
    /// The largest number of steps that takes at most these evaluations; null if even one step takes more, or if the scheduler
    /// refuses the model.
    /// </returns>
    public static int? ForScheduler(KnownScheduler known, SchedulerConfig model, int evaluations)
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
                // Too few steps for the order of the method, or a model that the scheduler refuses at every number.
            }
        }

        return null;
    }
}
