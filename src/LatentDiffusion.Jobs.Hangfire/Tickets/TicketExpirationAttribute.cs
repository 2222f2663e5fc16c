using Hangfire.Common;
using Hangfire.States;
using Hangfire.Storage;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>Lets failed tickets expire like succeeded ones; Hangfire would keep them forever.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class TicketExpirationAttribute : JobFilterAttribute, IApplyStateFilter
{
    public void OnStateApplied(ApplyStateContext context, IWriteOnlyTransaction transaction)
    {
        if (context.NewState is FailedState) transaction.ExpireJob(context.BackgroundJob.Id, context.Storage.JobExpirationTimeout);
    }

    public void OnStateUnapplied(ApplyStateContext context, IWriteOnlyTransaction transaction)
    {
    }
}
