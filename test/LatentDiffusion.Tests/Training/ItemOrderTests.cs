using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>The order of the items follows from the run's seed.</summary>
public sealed class ItemOrderTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Each_seed_has_its_order_of_every_item()
    {
        long[][] orders = [.. Enumerable.Range(0, 5).Select(seed => Order((ulong)seed, epochs: 2))];
        foreach (long[] order in orders)
            foreach (long[] epoch in order.Chunk(20)) Assert.Equal(Enumerable.Range(0, 20).Select(i => (long)i), epoch.Order());
        Assert.Equal(5, orders.Select(o => string.Join(' ', o)).Distinct().Count());
        Assert.Equal(orders[3], Order(3, epochs: 2));
        Assert.Equal(new BatchIndices(20, 20).IndicesFor(0), orders[0][..20]);
        var indices = new BatchIndices(20, 20);
        indices.IndicesFor(0);
        // An epoch that is known already is ordered again.
        indices.Seed = 4;
        Assert.Equal(orders[4][..20], indices.IndicesFor(0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_trainer_gives_its_seed(bool joined)
    {
        using var tiny = new TinyDenoiser();
        using DenoiserObjective one = tiny.Objective(new DenoiserTrainingOptions { BatchSize = 6 }, NoiseSchedule.ScaledLinear());
        ITrainingObjective objective = joined ? new InterleavedObjective((one, 1L)) : one;
        foreach (ulong seed in new ulong[] { 3, 8 })
        {
            new Trainer(new TrainingOptions { Steps = 1, Seed = seed }).Run(objective, _folder[$"{seed}"]);
            Assert.Equal(Order(seed, epochs: 1, count: 6).Select(i => $"{i}"), objective.Items(0));
        }

        Assert.NotEqual(Order(3, 1, 6), Order(8, 1, 6));
    }

    private static long[] Order(ulong seed, int epochs, int count = 20)
    {
        var indices = new BatchIndices(count, count) { Seed = seed };
        return [.. Enumerable.Range(0, epochs).SelectMany(e => indices.IndicesFor(e))];
    }
}
