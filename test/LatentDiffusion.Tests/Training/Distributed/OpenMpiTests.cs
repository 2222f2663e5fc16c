using Xunit;

namespace LatentDiffusion.Tests.Training.Distributed;

/// <summary>Open MPI's processes: sums, messages and broadcasts, and what happens when one of them does not take part.</summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed class OpenMpiTests
{
    // Three ranks: parts of unequal length, and an odd number of neighbours.
    [Fact]
    public void Sums_are_in_rank_order_bit_for_bit()
    {
        MpiProgram.RequireMpirun();
        using MpiProgram check = MpiProgram.Start(3, BuildSettings.Benchmarks, "check-reduction");
        check.Succeed();
    }

    [Fact]
    [Trait(TestCategories.Name, TestCategories.Long)]
    [Trait(TestCategories.Name, TestCategories.Soak)]
    public void Sums_in_any_order_are_the_same_in_all_processes()
    {
        MpiProgram.RequireMpirun();
        using MpiProgram check = MpiProgram.Start(4, BuildSettings.Benchmarks, "check-reduction", "--any-order");
        check.Succeed();
    }

    [Theory]
    [Trait(TestCategories.Name, TestCategories.Long)]
    [Trait(TestCategories.Name, TestCategories.Soak)]
    [InlineData("leaves", "rank 0: Process 1 of 2 has left")]
    [InlineData("hangs", "for the others in Gather, longer than the time limit")]
    [InlineData("calls", "rank 0: Process 1 of 2 is in Broadcast, and this one, 0, in Gather; expected the same.")]
    public void A_process_that_does_not_take_part_ends_the_others(string how, string message)
    {
        MpiProgram.RequireMpirun();
        using MpiProgram check = MpiProgram.Start(2, BuildSettings.Benchmarks, "check-reduction", "--then", how);
        (int exitCode, string output) = check.Finish();
        Assert.NotEqual(0, exitCode);
        Assert.Contains(message, output, StringComparison.Ordinal);
    }
}
