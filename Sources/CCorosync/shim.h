/* corosync's headers use size_t and the integer types without including what declares them. */
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <corosync/cmap.h>
#include <corosync/cpg.h>
#include <corosync/quorum.h>

/* A connection whose changes of quorum are told to NOTIFY, which finds CONTEXT by
 * quorum_context_get(3).  In C because the library takes its model by a pointer to the model's first
 * member. */
static inline cs_error_t dlmguard_quorum_open(quorum_handle_t *handle,
					      quorum_v1_quorum_notification_fn_t notify,
					      uint32_t *type, void *context)
{
	quorum_model_v1_data_t model = {
		.model = QUORUM_MODEL_V1,
		.quorum_notify_fn = notify,
	};

	return quorum_model_initialize(handle, QUORUM_MODEL_V1, (quorum_model_data_t *)&model,
				       type, context);
}

/* The same for a connection to the groups (cpg_overview(3)): CONTEXT by cpg_context_get(3). */
static inline cs_error_t dlmguard_cpg_open(cpg_handle_t *handle, cpg_deliver_fn_t deliver,
					   cpg_confchg_fn_t change,
					   cpg_totem_confchg_fn_t ring, void *context)
{
	cpg_model_v1_data_t model = {
		.model = CPG_MODEL_V1,
		.cpg_deliver_fn = deliver,
		.cpg_confchg_fn = change,
		.cpg_totem_confchg_fn = ring,
		.flags = CPG_MODEL_V1_DELIVER_INITIAL_TOTEM_CONF,
	};

	return cpg_model_initialize(handle, CPG_MODEL_V1, (cpg_model_data_t *)&model, context);
}
