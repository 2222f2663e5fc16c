using LatentDiffusion.Jobs.Worker;

// A worker of a durable queue as a process that tests kill, the same images without a queue, and a long run of several workers.
switch (args)
{
    case ["work", var database, var connection, var store, var hasShortTimes]:
        await WorkCommand.RunAsync(new QueueLocation(database, connection, store, bool.Parse(hasShortTimes)));
        return 0;
    case ["alone", var folder, var count, var steps]:
        await AloneCommand.RunAsync(folder, int.Parse(count, null), int.Parse(steps, null));
        return 0;
    case ["bare", var warmUps]:
        await BareCommand.RunAsync(int.Parse(warmUps, null));
        return 0;
    case ["throughput", var database, var batches]:
        await ThroughputCommand.RunAsync(database, int.Parse(batches, null));
        return 0;
    case ["soak", var database, var jobs, var kills, var cuts]:
        return await SoakCommand.RunAsync(database, int.Parse(jobs, null), int.Parse(kills, null), int.Parse(cuts, null));
    default:
        Console.Error.WriteLine("""
            work sqlite|postgres <path or connection> <image folder> <short times: true|false>
            alone <folder> <jobs> <steps>
            bare <images before the measured ones>
            throughput sqlite|postgres <batches of 12 jobs>
            soak sqlite|postgres <jobs> <kills> <cuts of the network>
            """);
        return 2;
}
