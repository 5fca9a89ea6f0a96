"""Why a head matters: where it looks, what it writes, what feeds it, by which route it acts."""
